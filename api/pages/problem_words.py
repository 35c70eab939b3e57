"""Sentences of other packages that the problem page and the verify form show; they go to the catalogs.

The packages below speak English. What they say with values in it stays as it is, marked as English; these
are whole sentences without any. A test compares the titles with the classes of errors.
"""

from typing import Final

from api.pages.languages import message

TITLES: Final = (
    message("The request cannot be carried out"),
    message("The input is not valid"),
    message("Cannot tell: this is no passport"),
    message("This passport has ceased to exist"),
    message("The batch is not valid"),
    message("The file is not registered"),
    message("Not found"),
    message("The identifier is taken"),
    message("The passport cannot change like this"),
    message("The passport has changed meanwhile"),
    message("The energy is spent already"),
    message("Not allowed"),
    message("An API key is needed"),
    message("The data carrier cannot be read"),
    message("Evidence is not available"),
    message("The store contradicts itself"),
    message("The log has grown"),
    message("The database is not available"),
    message("Registration is held back"),
    message("The registry is not available"),
    message("Not in this form"),
    message("This operator's records are kept as they are"),
    message("The environment does not play along"),
    message("The file cannot be read"),
    message("The signing key is not available"),
    message("Not readable"),
    message("The request is not valid"),
    message("Method Not Allowed"),
)

SENTENCES: Final = (
    message("there is nothing at this address"),
    message("Check the address. The link of a battery reads like /01/09520123456788/21/BP-0001."),
    message("The link of a battery reads like /01/09520123456788/21/BP-0001."),
    message("the serial is missing (/21/…)"),
    message("this address does not answer the method"),
    message("The Allow header names who does."),
    message("there is no passport with this identifier here"),
    message("there is no version of a passport with this identifier here"),
    message("there is no facility with this identifier here"),
    message("there is no footprint study with this identifier here"),
    message("Check the identifier."),
    message("Check the link; a battery without a passport here was not issued here."),
    message("this is not the link of a battery"),
    message("A printed link reads https://host/01/{GTIN-14}/21/{serial}."),
    message("it is a bundle, which is not checked here"),
    message("Open it in /verify-offline, or run voltpass verify with it."),
    message("it is a ZIP archive or a workbook, no passport"),
    message("it is a drawing (SVG), which is not read"),
    message("it is a PDF, which is not read"),
    message("it is no signed passport, no link and no picture"),
    message("Hand in a signed passport (.jwt), or a picture of its label (PNG or JPEG)."),
    message("Send a smaller one."),
    message("there is no readable QR code in it"),
    message("it holds several QR codes"),
    message("Take the picture closer, straight and in good light; one code a picture."),
    message("this is not an image that can be opened"),
    message("Send a PNG or JPEG of the label."),
    message("nothing was given to verify"),
    message("Give a link, a passport file or a picture."),
)
