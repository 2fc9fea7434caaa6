"""How moments are shown."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from sgate.objects.encoding import iso_ms

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))])


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES))  # noqa: DTZ001 - Hypothesis wants them so
def test_a_moment_is_shown_in_utc_with_its_milliseconds_cut(moment):
    assert iso_ms(moment) == moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
