//! Pictures from strangers: read within strict limits, made small, written anew. Nothing of the file that
//! came in goes out again, so neither what hides in it nor where a photograph was taken is passed on.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
};

/// The largest file, in bytes: a photograph as phones take it.
pub const LARGEST_FILE: usize = 12 << 20;
/// The longest side of what comes in, in pixels.
const LONGEST_SIDE: u32 = 8_000;
/// Pixels of what comes in.
const MOST_PIXELS: u64 = 25_000_000;
/// Memory that reading may take, in bytes. Turning a photograph upright takes as much again, so callers read
/// one at a time.
const MOST_MEMORY: u64 = 160 << 20;
/// Sides of what goes out, in pixels: the largest that is small enough is taken.
const SIDES: [u32; 4] = [400, 300, 200, 120];
/// What goes out should have no more bytes than this.
const ENOUGH: usize = 40 << 10;
/// Quality of what goes out as JPEG.
const QUALITY: u8 = 82;

/// A picture as we give it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its media type: `image/png` or `image/jpeg`.
    pub kind: &'static str,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why a picture is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is nothing.
    #[error("choose a picture")]
    Empty,
    /// The file is too large.
    #[error("the file has more than {} MB; make the picture smaller first", LARGEST_FILE >> 20)]
    TooLarge,
    /// It has too many pixels.
    #[error("the picture has too many pixels; make it at most {LONGEST_SIDE} pixels wide and high, and {} million in total", MOST_PIXELS / 1_000_000)]
    TooManyPixels,
    /// It is no PNG, JPEG or WebP.
    #[error("we cannot read this picture; save it as PNG, JPEG or WebP")]
    Unreadable,
}

/// Read a picture and write it anew.
/// # Errors
/// [`Refused`], in words for whoever chose the file.
pub fn read(bytes: &[u8]) -> Result<Picture, Refused> {
    if bytes.is_empty() {
        return Err(Refused::Empty);
    }
    if bytes.len() > LARGEST_FILE {
        return Err(Refused::TooLarge);
    }
    write(&decode(bytes)?)
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, Refused> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| Refused::Unreadable)?;
    if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) {
        return Err(Refused::Unreadable);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let too_many = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => Refused::TooManyPixels,
        _ => Refused::Unreadable,
    };
    let mut decoder = reader.into_decoder().map_err(too_many)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Refused::Unreadable);
    }
    let many = width > LONGEST_SIDE || height > LONGEST_SIDE || u64::from(width) * u64::from(height) > MOST_PIXELS;
    // The library heeds its limit of memory for what it needs on the way, not for what it gives: 25 million pixels of
    // eight bytes each would be more.
    if many || decoder.total_bytes() > MOST_MEMORY {
        return Err(Refused::TooManyPixels);
    }
    let orientation = decoder.orientation().ok();
    let mut picture = DynamicImage::from_decoder(decoder).map_err(too_many)?;
    if let Some(orientation) = orientation {
        picture.apply_orientation(orientation);
    }
    Ok(picture)
}

fn write(picture: &DynamicImage) -> Result<Picture, Refused> {
    let mut smallest = None;
    for side in SIDES {
        let small = shrunk(picture, side);
        for written in [png(&small), jpeg(&small)].into_iter().flatten() {
            if written.bytes.len() <= ENOUGH {
                return Ok(written);
            }
            smallest = Some(written);
        }
    }
    smallest.ok_or(Refused::Unreadable)
}

fn shrunk(picture: &DynamicImage, side: u32) -> DynamicImage {
    if picture.width() <= side && picture.height() <= side {
        return picture.clone();
    }
    picture.resize(side, side, FilterType::Triangle)
}

fn png(picture: &DynamicImage) -> Option<Picture> {
    // Eight bits for each colour are plenty.
    let plain = if picture.color().has_alpha() { picture.to_rgba8().into() } else { DynamicImage::from(picture.to_rgb8()) };
    let mut bytes = Vec::new();
    plain.write_with_encoder(PngEncoder::new(&mut bytes)).ok()?;
    Some(Picture { kind: "image/png", bytes })
}

/// None for a picture that one can see through: JPEG has no such thing.
fn jpeg(picture: &DynamicImage) -> Option<Picture> {
    if picture.color().has_alpha() && picture.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255) {
        return None;
    }
    let mut bytes = Vec::new();
    DynamicImage::from(picture.to_rgb8()).write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY)).ok()?;
    Some(Picture { kind: "image/jpeg", bytes })
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use proptest::prelude::*;

    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let picture = RgbImage::from_fn(width, height, |x, y| Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 90]));
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::from(picture).write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_becomes_small_and_keeps_its_shape() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let made = read(&file(1_200, 600, format)).unwrap();
            assert!(made.bytes.len() <= ENOUGH, "{format:?}: {}", made.bytes.len());
            let again = image::load_from_memory(&made.bytes).unwrap();
            assert_eq!(again.width(), again.height() * 2, "{format:?}");
        }
    }

    #[test]
    fn what_hides_behind_a_picture_is_not_passed_on() {
        let mut polyglot = file(40, 40, ImageFormat::Png);
        polyglot.extend_from_slice(b"<script>alert(1)</script>PK\x03\x04");
        let made = read(&polyglot).unwrap();
        assert!(!made.bytes.windows(8).any(|window| window == b"<script>"));
    }

    /// A photograph that was taken upright at a known place, as phones write it: the picture lies on its side, and
    /// what is said of it stands in front.
    fn photograph(width: u32, height: u32) -> Vec<u8> {
        let mut said = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
        // Two entries: turn it by a quarter, and where it was taken.
        said.extend(b"\0\x02\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\x88\x25\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0");
        said.extend(b"\0\x01\0\x1b\0\x02\0\0\0\x14\0\0\0\x38\0\0\0\0");
        said.extend(b"51.8797 N, 0.4175 W\0");
        let length = u16::try_from(said.len() + 2).unwrap().to_be_bytes();
        let plain = file(width, height, ImageFormat::Jpeg);
        [&plain[..2], &[0xff, 0xe1], &length, &said, &plain[2..]].concat()
    }

    #[test]
    fn a_photograph_stands_upright_and_does_not_say_where_it_was_taken() {
        let taken = photograph(300, 100);
        let told = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        assert!(told(&taken, b"51.8797") && told(&taken, b"Exif"));
        let made = read(&taken).unwrap();
        assert!(!told(&made.bytes, b"51.8797") && !told(&made.bytes, b"Exif"), "{:?}", made.kind);
        let again = image::load_from_memory(&made.bytes).unwrap();
        assert_eq!((again.width(), again.height()), (100, 300));
    }

    #[test]
    fn files_that_are_no_pictures_or_too_large_are_refused() {
        assert_eq!(read(b""), Err(Refused::Empty));
        assert_eq!(read(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"), Err(Refused::Unreadable));
        assert_eq!(read(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"), Err(Refused::Unreadable));
        assert_eq!(read(&vec![0; LARGEST_FILE + 1]), Err(Refused::TooLarge));
        assert_eq!(read(&file(8_001, 1, ImageFormat::Png)), Err(Refused::TooManyPixels));
    }

    #[test]
    fn a_bomb_of_few_bytes_is_refused_before_it_is_unpacked() {
        // A PNG that says that it has 60,000 by 60,000 pixels.
        let mut bomb = file(10, 10, ImageFormat::Png);
        bomb[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
        assert!(read(&bomb).is_err());
        // A JPEG whose frame says 5,001 by 5,000.
        let mut wide = file(10, 10, ImageFormat::Jpeg);
        let frame = wide.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
        wide[frame + 5..frame + 7].copy_from_slice(&5_001_u16.to_be_bytes());
        wide[frame + 7..frame + 9].copy_from_slice(&5_000_u16.to_be_bytes());
        assert_eq!(read(&wide), Err(Refused::TooManyPixels));
    }

    /// A chunk of a PNG with its checksum.
    fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let summed = [&kind[..], data].concat();
        let sum = summed.iter().fold(u32::MAX, |sum, byte| {
            (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
        });
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], &summed, &(!sum).to_be_bytes()].concat()
    }

    #[test]
    fn a_picture_of_few_pixels_that_take_much_memory_each_is_refused_before_it_is_unpacked() {
        // 5,000 by 5,000, and of each pixel four colours of sixteen bits: 200 MB.
        let header = [&5_000_u32.to_be_bytes()[..], &5_000_u32.to_be_bytes(), &[16, 6, 0, 0, 0]].concat();
        let deep = [&b"\x89PNG\r\n\x1a\n"[..], &chunk(*b"IHDR", &header), &chunk(*b"IDAT", b"\x78\x9c")].concat();
        assert_eq!(read(&deep), Err(Refused::TooManyPixels));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn random_bytes_are_refused_or_read_and_never_break_it(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = read(&bytes);
        }

        #[test]
        fn damaged_pictures_are_refused_or_read_and_never_break_it(
            which in 0_usize..3, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
        ) {
            let format = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP][which];
            let mut bytes = file(24, 17, format);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(made) = read(&bytes) {
                prop_assert!(made.bytes.len() <= ENOUGH);
            }
            bytes.truncate(cut.index(bytes.len()));
            let _ = read(&bytes);
        }
    }
}
