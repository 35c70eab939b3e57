"""Changes of emissions against changes of intensity: what they say of the output."""

from passports.claim_checks.claims import ClaimCheck, ClaimResult, FactoryClaims, percent


def check_changes(claims: FactoryClaims) -> list[ClaimCheck]:
    """Work out the change of output that emissions and intensity imply together."""
    checks = []
    for emissions in claims.of("change-emissions"):
        intensity = claims.one("change-intensity", emissions.topic)
        if intensity is not None and intensity.value > -1:
            output = (1 + emissions.value) / (1 + intensity.value) - 1
            said = (
                f"emissions {percent(emissions.value)} and intensity {percent(intensity.value)} fit "
                f"together if the output changed by {percent(output)}; the output is not published"
            )
            inputs = (emissions.as_input(), intensity.as_input())
            checks.append(
                ClaimCheck(
                    "change_of_output",
                    emissions.figure.what,
                    inputs,
                    ClaimResult.CONSISTENT,
                    said,
                    {"output_change": output},
                )
            )
            continue
        other = claims.one("change-intensity")
        inputs = (emissions.as_input(), *((other.as_input(),) if other is not None else ()))
        said = f"emissions changed by {percent(emissions.value, 2)}"
        if other is not None:
            said += f", intensity by {percent(other.value, 2)} over another period"
        checks.append(
            ClaimCheck(
                "change_of_output",
                emissions.figure.what,
                inputs,
                ClaimResult.CANNOT_TELL,
                f"{said}; neither base year nor absolute emissions are published",
            )
        )
    return checks
