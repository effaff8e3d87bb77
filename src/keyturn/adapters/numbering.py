"""Numbering plans from libphonenumber's tables, loaded when first needed."""

from __future__ import annotations

from keyturn.ports.delivery import PhoneNumber

#: A number typed by hand is never longer; the parser need not see more.
LONGEST = 40


class Numbering:
    """The NumberingPlan port."""

    def look(self, number: str, region: str) -> PhoneNumber | None:
        """What `number`, as typed in `region`, is; None if it cannot be a phone number.

        A number of possible length in a range not yet assigned by the tables (they are
        always a little old) is "other".
        """
        import phonenumbers as plan  # noqa: PLC0415  tables of 0.1 s that a start needs not

        if len(number) > LONGEST:
            return None
        try:
            parsed = plan.parse(number, region)
        except plan.NumberParseException:
            return None
        if not plan.is_possible_number(parsed):
            return None
        lines = {
            plan.PhoneNumberType.MOBILE: "mobile",
            plan.PhoneNumberType.FIXED_LINE: "landline",
            plan.PhoneNumberType.FIXED_LINE_OR_MOBILE: "either",
            plan.PhoneNumberType.VOIP: "voip",
        }
        return PhoneNumber(
            e164=plan.format_number(parsed, plan.PhoneNumberFormat.E164),
            line=lines.get(plan.number_type(parsed), "other"),
            region=plan.region_code_for_number(parsed)
            or plan.region_code_for_country_code(parsed.country_code or 0),
            national=plan.format_number(parsed, plan.PhoneNumberFormat.NATIONAL),
        )
