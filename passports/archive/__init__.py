"""Archives: an operator's passports and all they rest on in one file, for another voltpass to keep.

`contents` says what goes in, `container` is the file, `write` makes one,
`examine` checks one, `take_in` keeps one. Art. 78(e) of Regulation (EU) 2023/1542: a passport remains
available after its responsible operator ceases to exist; Regulation (EU) 2024/1781, Art. 10(4): a
back-up copy with a service provider.
"""
