import pytest

from segcore.settings import Settings, describe_seconds, settings
from tests.plain import refused

LIMITS = Settings(max_upload_mb=2, max_width_px=1920, max_height_px=1080, max_length_s=60, max_photo_mp=1)


def test_what_is_just_within_the_limits_passes():
    LIMITS.check_bytes(2_000_000)
    LIMITS.check_sides(16, 16)
    LIMITS.check_sides(16, 800)
    LIMITS.check_sides(32768, 656)
    LIMITS.check_sides(1080, 20_000)  # a long page's screenshot
    LIMITS.check_photo(1000, 1000)
    LIMITS.check_video_size(1920, 1080)
    LIMITS.check_video_size(1080, 1920)
    LIMITS.check_length(60)


def test_what_is_over_a_limit_is_refused_with_both_figures():
    with refused("3 MB", "2 MB"):
        LIMITS.check_bytes(3_000_000)
    with refused("15x300", "16x16"):
        LIMITS.check_sides(15, 300)
    with refused("16x801", "50 times"):
        LIMITS.check_sides(16, 801)
    with refused("32769x700", "32768"):
        LIMITS.check_sides(32769, 700)
    with refused("16x14000", "50 times"):
        LIMITS.check_photo(16, 14000)
    with refused("1920x16", "50 times"):
        LIMITS.check_video_size(1920, 16)
    with refused("1001x1000", "1 megapixels"):
        LIMITS.check_photo(1001, 1000)
    with refused("1921x1080", "1920x1080"):
        LIMITS.check_video_size(1921, 1080)
    with refused("1090x1081", "1920x1080"):
        LIMITS.check_video_size(1090, 1081)
    with refused("2 min 05 s", "1 min"):
        LIMITS.check_length(125)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (3.5, "3.5 s"),
        (59.99, "60 s"),
        (60, "1 min"),
        (125, "2 min 05 s"),
        (3599.6, "1 h 00 min"),
        (11100, "3 h 05 min"),
    ],
)
def test_seconds_in_words(seconds, text):
    assert describe_seconds(seconds) == text


@pytest.mark.parametrize(
    ("name", "value"), [("MAX_UPLOAD_MB", "lots"), ("MAX_UPLOAD_MB", "0"), ("ICE_SERVERS", "stun:x")]
)
def test_a_wrong_setting_is_named(name, value, monkeypatch):
    monkeypatch.setenv(f"SEGDECK_{name}", value)
    settings.cache_clear()
    try:
        with pytest.raises(Exception, match=f"SEGDECK_{name} can't be used") as caught:
            settings()
        assert "\n" not in str(caught.value)
    finally:
        settings.cache_clear()


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("SEGDECK_ICE_SERVERS", '["stun:stun.example.org"]')
    monkeypatch.setenv("SEGDECK_MAX_UPLOAD_MB", "7")
    assert (Settings().ice_servers, Settings().max_upload_mb) == (("stun:stun.example.org",), 7)
