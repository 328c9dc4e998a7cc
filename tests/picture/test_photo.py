import io
import struct
import zlib

import cv2
import numpy as np
import PIL.Image
import pytest

from segcore.errors import SegdeckError
from segcore.picture.photo import read_photo, read_photo_in_worker, write_image, write_png
from tests.conftest import noise
from tests.memory_watch import added_in_a_fresh_process
from tests.plain import refused

CORNER = (255, 0, 0)


def saved(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width, height, depth, kind, rows=b""):
    """A PNG, written by hand: the header as it is told, the rows as they are given."""
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def wide(values, channels=1):
    """A 16x16 PNG of 16 bits whose rows hold ``values`` (16 of them, or 16 tuples)."""
    row = b"\0" + np.array(values, ">u2").tobytes()
    return png(16, 16, 16, {1: 0, 3: 2}[channels], row * 16)


@pytest.mark.parametrize(("kind", "options", "off"), [
    ("PNG", {}, 0), ("WEBP", {"lossless": True}, 0), ("WEBP", {"quality": 95}, 12), ("JPEG", {"quality": 95}, 12),
])  # fmt: skip
def test_a_photo_is_read_as_bgr(kind, options, off):
    image = np.full((20, 30, 3), (10, 120, 230), np.uint8)
    photo = read_photo(saved(PIL.Image.fromarray(image[..., ::-1]), kind, **options))
    assert photo.image.shape == (20, 30, 3)
    assert photo.image.dtype == np.uint8
    assert photo.opacity is None
    assert np.abs(photo.image.astype(int) - image).max() <= off


@pytest.mark.parametrize(("orientation", "corner"), [
    (1, (0, 0)), (2, (0, -1)), (3, (-1, -1)), (4, (-1, 0)), (5, (0, 0)), (6, (0, -1)), (7, (-1, -1)), (8, (-1, 0)),
])  # fmt: skip
def test_a_photo_is_turned_upright_as_its_exif_says(orientation, corner):
    """The file's first corner is red; EXIF 2.32, tag 0x0112, tells where it belongs."""
    stored = np.zeros((20, 40, 3), np.uint8)
    stored[:10, :10] = CORNER
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "WEBP"):
        image = read_photo(saved(PIL.Image.fromarray(stored), kind, exif=exif)).image
        assert image.shape[:2] == ((20, 40) if orientation < 5 else (40, 20))
        red = image[..., 2] > 200
        assert red[corner]
        assert red.sum() == pytest.approx(100, abs=12)


def test_transparent_parts_are_white_and_kept_as_opacity():
    rgba = np.zeros((16, 16, 4), np.uint8)
    rgba[..., 0] = 200
    rgba[:, 4:8, 3], rgba[:, 8:, 3] = 128, 255
    photo = read_photo(saved(PIL.Image.fromarray(rgba)))
    assert photo.opacity[0, [0, 4, 8]].tolist() == [0, 128, 255]
    assert photo.image[0, [0, 4, 8]].tolist() == [[255, 255, 255], [127, 127, 227], [0, 0, 200]]


def test_an_alpha_channel_that_is_all_solid_is_no_opacity():
    assert read_photo(saved(PIL.Image.new("RGBA", (16, 16), (1, 2, 3, 255)))).opacity is None


def test_a_palette_with_a_transparent_color():
    picture = PIL.Image.new("P", (16, 16), 0)
    picture.putpalette([255, 0, 0, 0, 255, 0])
    picture.paste(1, (8, 0, 16, 16))
    photo = read_photo(saved(picture, transparency=0))
    assert photo.opacity[0, [0, 15]].tolist() == [0, 255]
    assert photo.image[0, [0, 15]].tolist() == [[255, 255, 255], [0, 255, 0]]


@pytest.mark.parametrize(("mode", "value", "bgr"), [
    ("1", 1, [255] * 3), ("L", 90, [90] * 3), ("LA", (90, 255), [90] * 3), ("RGBA", (1, 2, 3, 255), [3, 2, 1]),
])  # fmt: skip
def test_every_mode_of_png(mode, value, bgr):
    photo = read_photo(saved(PIL.Image.new(mode, (16, 16), value)))
    assert photo.image[3, 3].tolist() == bgr
    assert photo.opacity is None


def test_grey_of_16_bits_is_scaled_not_clipped():
    values = [0, 1, 128, 129, 257, 300, 25700, 32768, 65278, 65535, 0, 0, 0, 0, 0, 0]
    expected = [0, 0, 0, 1, 1, 1, 100, 128, 254, 255, 0, 0, 0, 0, 0, 0]
    assert read_photo(wide(values)).image[5].tolist() == [[grey] * 3 for grey in expected]


def test_color_of_16_bits_is_scaled():
    image = read_photo(wide([(65535, 25700, 0)] * 16, channels=3)).image
    assert np.abs(image[5, 5].astype(int) - (0, 100, 255)).max() <= 1


def test_a_cmyk_jpeg():
    photo = read_photo(saved(PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95))
    assert np.abs(photo.image[8, 8].astype(int) - (0, 0, 255)).max() <= 6


@pytest.mark.parametrize(
    ("kind", "part"), [("PNG", "damaged or cut off"), ("JPEG", "damaged or cut off"), ("WEBP", "not a photo")]
)
def test_a_photo_that_is_cut_off_is_refused(kind, part):
    whole = saved(PIL.Image.fromarray(noise(64, 64)), kind)
    with refused(part):
        read_photo(whole[: len(whole) // 2])


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(99), b"\xff\xd8\xff"])
def test_what_is_no_photo_is_refused(content):
    with refused("PNG, JPEG and WebP"):
        read_photo(content)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO"])
def test_other_kinds_are_refused(kind):
    with refused("PNG, JPEG and WebP"):
        read_photo(saved(PIL.Image.new("RGB", (32, 32)), kind))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the same damage
def test_whatever_byte_of_a_photo_is_damaged_it_is_read_or_refused():
    """Pillow lets TypeError and struct.error out of EXIF that makes no sense."""
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "x" * 20
    whole = saved(PIL.Image.new("RGB", (16, 16)), "JPEG", exif=exif)
    refusals = set()
    for place in range(2, 120):
        for value in range(0, 256, 5):
            try:
                read_photo(whole[:place] + bytes([value]) + whole[place + 1 :])
            except SegdeckError as error:
                refusals.add(str(error)[:24])
    assert {"This is not a photo that", "This photo is damaged or"} <= refusals


@pytest.mark.parametrize(
    ("width", "height", "parts"),
    [
        (1, 1, ("1x1", "16x16")),
        (15, 400, ("15x400", "16x16")),
        (7680, 4320, ("7680x4320", "33 megapixels", "25 megapixels")),
        (12000, 12000, ("12000x12000", "25 megapixels")),
        (60000, 60000, ("25 megapixels",)),
    ],
)
def test_a_photo_of_a_wrong_size_is_refused_by_its_header(width, height, parts):
    with refused(*parts):
        read_photo(png(width, height, 8, 2))


def test_a_file_that_is_too_large_is_refused():
    with refused("200 MB"):
        read_photo(bytes(200_000_001))


@pytest.mark.parametrize("ending", ["png", "PNG", "jpg", "jpeg", "webp"])
def test_a_picture_is_written_as_its_ending_says(ending, tmp_path):
    image = np.full((20, 30, 3), (10, 120, 230), np.uint8)
    write_image(tmp_path / f"out.{ending}", image)
    with PIL.Image.open(tmp_path / f"out.{ending}") as read:
        assert read.format == {"jpg": "JPEG"}.get(ending.lower(), ending.upper())
        assert np.abs(np.asarray(read).astype(int) - image[..., ::-1]).max() <= 12
    assert [path.name for path in tmp_path.iterdir()] == [f"out.{ending}"]


def test_what_can_not_be_written_leaves_no_file(tmp_path):
    with refused("'out.gif'", ".png, .jpg and .webp"):
        write_image(tmp_path / "out.gif", noise(4, 4))
    with refused(".webp", "too large"):
        write_image(tmp_path / "out.webp", np.zeros((16, 17000, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_png_holds_every_pixel(channels):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8).squeeze()
    read = np.asarray(PIL.Image.open(io.BytesIO(write_png(picture))))
    expected = (
        picture if channels == 1 else cv2.cvtColor(picture, cv2.COLOR_BGR2RGB if channels == 3 else cv2.COLOR_BGRA2RGBA)
    )
    assert np.array_equal(read, expected)


def in_chunks(name, content):
    """A 16x16 PNG with something beside its picture."""
    whole = png(16, 16, 8, 2, (b"\0" + bytes(48)) * 16)
    return whole[:33] + chunk(name, content) + whole[33:]


JPEG = saved(PIL.Image.new("RGB", (16, 16)), "JPEG")
TOO_MUCH_BESIDE = {
    "a long text": in_chunks(b"tEXt", b"k\0" + bytes(60_000_000)),
    "a text that unpacks to 200 MB": in_chunks(b"zTXt", b"k\0\0" + zlib.compress(bytes(200_000_000))),
    "a colour profile that unpacks to 200 MB": in_chunks(b"iCCP", b"k\0\0" + zlib.compress(bytes(200_000_000))),
    "a thousand EXIF blocks": JPEG[:2] + (b"\xff\xe1\xff\xffExif\0\0" + bytes(65527)) * 1000 + JPEG[2:],
    "a thousand comments": JPEG[:2] + (b"\xff\xfe\xff\xff" + bytes(65533)) * 1000 + JPEG[2:],
}


def refuse(name):
    """Return the work of refusing a photo with too much beside its picture."""
    content = TOO_MUCH_BESIDE[name]

    def work():
        with refused("PNG, JPEG and WebP"):
            read_photo(content)

    return work


@pytest.mark.parametrize("name", TOO_MUCH_BESIDE)
def test_a_photo_with_too_much_beside_its_picture_is_refused_at_little_cost(name):
    assert added_in_a_fresh_process(__name__, "refuse", name) < 90  # of files of 60 to 200 MB


def large(**options):
    return saved(PIL.Image.linear_gradient("L").resize((5000, 5000)).convert(options.pop("mode")), **options)


@pytest.mark.parametrize("options", [
    {"mode": "RGB", "kind": "JPEG"}, {"mode": "RGB", "kind": "JPEG", "progressive": True},
    {"mode": "CMYK", "kind": "JPEG"}, {"mode": "RGBA", "compress_level": 1}, {"mode": "I;16", "compress_level": 1},
    {"mode": "P", "compress_level": 1, "transparency": 3}, {"mode": "RGBA", "kind": "WEBP", "method": 0},
])  # fmt: skip
def test_the_largest_photo_takes_few_times_its_own_memory(options):
    assert added_in_a_fresh_process(__name__, "read_large", options) < 450


def read_large(options):
    """Return the work of reading a large photo."""
    content = large(**options)

    def work():
        assert read_photo(content).image.shape == (5000, 5000, 3)

    return work


@pytest.mark.parametrize(("channels", "bits"), [(1, np.uint8), (3, np.uint8), (4, np.uint8), (1, np.uint16)])
def test_a_worker_reads_what_this_process_would(channels, bits):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(bits).max, (37, 53, channels), bits)
    content = saved(PIL.Image.fromarray(pixels.squeeze()))
    apart, here = read_photo_in_worker(content), read_photo(content)
    assert (apart.image == here.image).all()
    assert (apart.opacity is None) == (here.opacity is None)
    assert here.opacity is None or (apart.opacity == here.opacity).all()


@pytest.mark.parametrize("content", [b"", b"no picture", png(16, 70000, 8, 2), png(8, 8, 8, 2, bytes(200))])
def test_a_worker_refuses_as_this_process_would(content):
    with refused():
        read_photo_in_worker(content)
