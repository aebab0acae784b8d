//! The little of ASN.1 that certificates and signed containers need. Values are only written; none
//! that came from outside is read.

use jiff::Timestamp;
use jiff::fmt::strtime;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTET_STRING: u8 = 0x04;
/// Marks a value that is made of others.
const CONSTRUCTED: u8 = 0x20;

/// `SEQUENCE { parts }`
pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

/// `SET OF { parts }`: DER wants them in the order of their bytes.
pub(super) fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort();
    value(SET, &parts.concat())
}

/// `[0] IMPLICIT`: the content of a `SET`, under another tag.
pub(super) fn tag_set_0(set: &[u8]) -> Vec<u8> {
    let mut tagged = set.to_vec();
    if let Some(tag) = tagged.first_mut() {
        *tag = 0xa0;
    }
    tagged
}

/// A positive `INTEGER` from its big-endian bytes.
pub(super) fn integer(bytes: &[u8]) -> Vec<u8> {
    let needs_zero = bytes.first().is_none_or(|first| first & 0x80 != 0);
    let zero: &[u8] = if needs_zero { &[0] } else { &[] };
    value(0x02, &[zero, bytes].concat())
}

/// `OBJECT IDENTIFIER`, such as `[1, 2, 840, 113549, 1, 7, 1]`.
pub(super) fn oid(arcs: &[u32]) -> Vec<u8> {
    let [first, second, rest @ ..] = arcs else {
        unreachable!("an object identifier has two arcs")
    };
    let mut content = Vec::new();
    for arc in [first * 40 + second].iter().chain(rest) {
        let groups = (32 - arc.leading_zeros()).div_ceil(7).max(1);
        for group in (0..groups).rev() {
            let more = if group > 0 { 0x80 } else { 0 };
            content.push(more | (arc >> (7 * group)).to_le_bytes()[0] & 0x7f);
        }
    }
    value(0x06, &content)
}

/// `NULL`
pub(super) fn null() -> Vec<u8> {
    value(0x05, &[])
}

/// `OCTET STRING`
pub(super) fn octet_string(bytes: &[u8]) -> Vec<u8> {
    value(OCTET_STRING, bytes)
}

/// `BIT STRING` of whole bytes.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    value(0x03, &[&[0], bytes].concat())
}

/// `PrintableString`: letters, digits, space and `'()+,-./:=?`.
pub(super) fn printable_string(text: &str) -> Vec<u8> {
    value(0x13, text.as_bytes())
}

/// `Time` as X.509 and PKCS#7 have it: two digits of the year until 2049, then four.
pub(super) fn time(unix_seconds: u64) -> Vec<u8> {
    let text = digits(unix_seconds);
    match text.split_at_checked(2) {
        Some((_, short)) if *text < *"2050" => value(0x17, short.as_bytes()),
        _ => value(0x18, text.as_bytes()),
    }
}

/// `[tag] EXPLICIT`
pub(super) fn explicit(tag: u8, inner: &[u8]) -> Vec<u8> {
    value(0xa0 | tag, inner)
}

/// `[tag] IMPLICIT` of a value that is not made of others.
pub(super) fn implicit(tag: u8, content: &[u8]) -> Vec<u8> {
    value(0x80 | tag, content)
}

/// `TRUE`
pub(super) fn yes() -> Vec<u8> {
    value(0x01, &[0xff])
}

/// `ENUMERATED`
pub(super) fn enumerated(number: u8) -> Vec<u8> {
    value(0x0a, &[number])
}

/// `BIT STRING` of at most eight names, of which the first is the highest bit.
pub(super) fn named_bits(bits: u8) -> Vec<u8> {
    value(0x03, &[bits.trailing_zeros().to_le_bytes()[0], bits])
}

/// `GeneralizedTime`: four digits of the year.
pub(super) fn generalized_time(unix_seconds: u64) -> Vec<u8> {
    value(0x18, digits(unix_seconds).as_bytes())
}

/// BER `SEQUENCE { parts }` of indefinite length.
pub(super) fn streamed_sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    streamed(SEQUENCE, &parts.concat())
}

/// BER `[0] EXPLICIT` of indefinite length.
pub(super) fn streamed_explicit_0(inner: &[u8]) -> Vec<u8> {
    streamed(0xa0, inner)
}

/// BER `OCTET STRING` of indefinite length, its bytes in one piece.
pub(super) fn streamed_octet_string(bytes: &[u8]) -> Vec<u8> {
    streamed(CONSTRUCTED | OCTET_STRING, &octet_string(bytes))
}

fn digits(unix_seconds: u64) -> String {
    let second = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
    let timestamp = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    strtime::format("%Y%m%d%H%M%SZ", timestamp).unwrap_or_default()
}

/// A value whose end is marked, as one writes it who does not know its length beforehand.
fn streamed(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], content, &[0, 0]].concat()
}

fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let first = length.iter().position(|&byte| byte != 0).unwrap_or(length.len() - 1);
    let length = &length[first..];
    let mut value = vec![tag];
    if let &[short @ ..0x80] = length {
        value.push(short);
    } else {
        // At most eight bytes of length, so this fits.
        value.push(0x80 | length.len().to_le_bytes()[0]);
        value.extend_from_slice(length);
    }
    value.extend_from_slice(content);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        assert_eq!(octet_string(&[]), [4, 0]);
        assert_eq!(octet_string(&[7; 127])[..2], [4, 127]);
        assert_eq!(octet_string(&[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(octet_string(&[7; 256])[..4], [4, 0x82, 1, 0]);
        assert_eq!(octet_string(&vec![7; 65536])[..5], [4, 0x83, 1, 0, 0]);
    }

    #[test]
    fn object_identifiers_are_in_base_128() {
        let signed_data = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        assert_eq!(oid(&[1, 2, 840, 113_549, 1, 7, 2]), signed_data);
        assert_eq!(oid(&[2, 5, 4, 0]), [6, 3, 0x55, 4, 0]);
    }

    #[test]
    fn the_tags_of_extensions_and_responses() {
        assert_eq!(named_bits(0x80), [3, 2, 7, 0x80]);
        assert_eq!(named_bits(0x06), [3, 2, 1, 0x06]);
        assert_eq!(explicit(3, &null()), [0xa3, 2, 5, 0]);
        assert_eq!((implicit(0, &[]), enumerated(0)), (vec![0x80, 0], vec![0x0a, 1, 0]));
        assert_eq!(generalized_time(1_466_530_116)[2..], *b"20160621172836Z");
    }

    #[test]
    fn integers_are_positive() {
        assert_eq!(integer(&[1]), [2, 1, 1]);
        assert_eq!(integer(&[0x96, 0xba]), [2, 3, 0, 0x96, 0xba]);
        assert_eq!(integer(&[]), [2, 1, 0]);
    }

    #[test]
    fn years_have_four_digits_from_2050() {
        assert_eq!(time(1_466_530_116)[2..], *b"160621172836Z");
        assert_eq!(time(2_524_607_999), [b"\x17\x0d".as_slice(), b"491231235959Z"].concat());
        assert_eq!(time(2_524_608_000), [b"\x18\x0f".as_slice(), b"20500101000000Z"].concat());
    }

    #[test]
    fn sets_are_in_the_order_of_their_bytes() {
        assert_eq!(set(&[vec![5, 0], vec![2, 1, 1]]), [0x31, 5, 2, 1, 1, 5, 0]);
        assert_eq!(tag_set_0(&set(&[vec![5, 0]])), [0xa0, 2, 5, 0]);
    }
}
