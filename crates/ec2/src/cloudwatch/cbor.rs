//! CBOR (RFC 8949), as far as the protocol has it: a request becomes the same tree that JSON gives. Byte
//! strings, which no parameter has, are refused.

use serde_json::{Map, Number, Value};

use super::fault::serialization;
use crate::fault::Fault;
use crate::member::Member;

/// How deep values may be inside each other. The model's deepest have seven.
const MAX_DEPTH: usize = 16;

/// Reads a whole request; an empty one has no members.
pub(super) fn read(bytes: &[u8]) -> Result<Value, Fault> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let mut reader = Reader(bytes);
    let value = reader.item(0)?;
    if reader.0.is_empty() { Ok(value) } else { Err(serialization("there is more than one item")) }
}

struct Reader<'a>(&'a [u8]);

/// The argument of an item's head.
enum Argument {
    Number(u64),
    /// The item ends with a break.
    Indefinite,
}

const BREAK: u8 = 0xff;

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) =
            self.0.split_first().ok_or_else(|| serialization("it ends too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn bytes(&mut self, count: u64) -> Result<&[u8], Fault> {
        let split = usize::try_from(count).ok().and_then(|count| self.0.split_at_checked(count));
        let (bytes, rest) = split.ok_or_else(|| serialization("it ends too early"))?;
        self.0 = rest;
        Ok(bytes)
    }

    fn argument(&mut self, info: u8) -> Result<Argument, Fault> {
        let length = match info {
            0..=23 => return Ok(Argument::Number(info.into())),
            24..=27 => 1 << (info - 24),
            31 => return Ok(Argument::Indefinite),
            _ => return Err(serialization("a reserved length")),
        };
        let number = self.bytes(length)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Ok(Argument::Number(number))
    }

    fn number(&mut self, info: u8) -> Result<u64, Fault> {
        match self.argument(info)? {
            Argument::Number(number) => Ok(number),
            Argument::Indefinite => Err(serialization("a number without end")),
        }
    }

    fn item(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > MAX_DEPTH {
            return Err(serialization("values are too deep inside each other"));
        }
        let head = self.byte()?;
        let (major, info) = (head >> 5, head & 0x1f);
        Ok(match major {
            0 => self.number(info)?.into(),
            1 => {
                let number = i64::try_from(self.number(info)?);
                Value::from(-1 - number.map_err(|_| serialization("a number is too small"))?)
            }
            3 => Value::String(self.text(info)?),
            4 => {
                let count = self.argument(info)?;
                let mut elements = Vec::new();
                while self.has_more(&count, elements.len())? {
                    elements.push(self.item(depth + 1)?);
                }
                Value::Array(elements)
            }
            5 => {
                let count = self.argument(info)?;
                let (mut members, mut read) = (Map::new(), 0);
                while self.has_more(&count, read)? {
                    let Value::String(name) = self.item(depth + 1)? else {
                        return Err(serialization("the name of a member is not a text"));
                    };
                    let value = self.item(depth + 1)?;
                    // As in JSON, where null is no value.
                    if !value.is_null() {
                        members.insert(name, value);
                    }
                    read += 1;
                }
                Value::Object(members)
            }
            // Times have tag 1; the number inside says the same.
            6 => {
                self.number(info)?;
                self.item(depth + 1)?
            }
            7 => self.simple(info)?,
            _ => return Err(serialization("no parameter is a byte string")),
        })
    }

    fn text(&mut self, info: u8) -> Result<String, Fault> {
        let mut text = Vec::new();
        match self.argument(info)? {
            Argument::Number(count) => text.extend_from_slice(self.bytes(count)?),
            Argument::Indefinite => loop {
                let head = self.byte()?;
                if head == BREAK {
                    break;
                }
                if head >> 5 != 3 {
                    return Err(serialization("a part of a text is not a text"));
                }
                let count = self.number(head & 0x1f)?;
                text.extend_from_slice(self.bytes(count)?);
            },
        }
        String::from_utf8(text).map_err(|_| serialization("a text is not UTF-8"))
    }

    /// Whether an array or map has an item more; takes the break at its end.
    fn has_more(&mut self, count: &Argument, read: usize) -> Result<bool, Fault> {
        match count {
            Argument::Number(count) => Ok((read as u64) < *count),
            Argument::Indefinite if self.0.first() == Some(&BREAK) => self.byte().map(|_| false),
            Argument::Indefinite => Ok(true),
        }
    }

    fn simple(&mut self, info: u8) -> Result<Value, Fault> {
        let bits = match info {
            20 => return Ok(Value::Bool(false)),
            21 => return Ok(Value::Bool(true)),
            22 | 23 => return Ok(Value::Null),
            25..=27 => self.number(info)?,
            _ => return Err(serialization("a simple value that the protocol does not have")),
        };
        let number = match info {
            25 => half(u16::try_from(bits).unwrap_or_default()),
            26 => f32::from_bits(u32::try_from(bits).unwrap_or_default()).into(),
            _ => f64::from_bits(bits),
        };
        let number =
            Number::from_f64(number).ok_or_else(|| serialization("a number is not finite"))?;
        Ok(Value::Number(number))
    }
}

/// A number of 16 bits (IEEE 754).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// Writes members as a map.
pub(super) fn write(members: &[(&'static str, Member)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_members(members, &mut bytes);
    bytes
}

fn write_members(members: &[(&'static str, Member)], to: &mut Vec<u8>) {
    head(5, members.len() as u64, to);
    for (name, member) in members {
        write_text(name, to);
        write_one(member, to);
    }
}

fn write_one(member: &Member, to: &mut Vec<u8>) {
    match member {
        Member::Text(text) => write_text(text, to),
        Member::Time(time) => {
            head(6, 1, to);
            #[expect(clippy::cast_precision_loss, reason = "exact until the year 9999")]
            write_float(time.unix_ms() as f64 / 1000.0, to);
        }
        Member::Number(number) => head(0, *number, to),
        Member::Float(number) => write_float(*number, to),
        Member::List(elements) => {
            head(4, elements.len() as u64, to);
            for element in elements {
                write_one(element, to);
            }
        }
        Member::Members(members) => write_members(members, to),
    }
}

fn write_text(text: &str, to: &mut Vec<u8>) {
    head(3, text.len() as u64, to);
    to.extend_from_slice(text.as_bytes());
}

fn write_float(number: f64, to: &mut Vec<u8>) {
    to.push(0xfb);
    to.extend_from_slice(&number.to_bits().to_be_bytes());
}

/// The head of an item: its major type, and a number in as few bytes as it needs.
fn head(major: u8, number: u64, to: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let major = major << 5;
    match number {
        0..=23 => to.push(major + bytes[7]),
        24..=0xff => to.extend([major + 24, bytes[7]]),
        0x100..=0xffff => to.extend([major + 25, bytes[6], bytes[7]]),
        0x1_0000..=0xffff_ffff => {
            to.push(major + 26);
            to.extend_from_slice(&bytes[4..]);
        }
        _ => {
            to.push(major + 27);
            to.extend_from_slice(&bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<_> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        digits.chunks(2).map(byte).collect()
    }

    /// From RFC 8949, Appendix A.
    #[test]
    fn examples_of_the_standard_are_read() {
        for (bytes, expected) in [
            ("00", json!(0)),
            ("1818", json!(24)),
            ("1a000f4240", json!(1_000_000)),
            ("3903e7", json!(-1000)),
            ("f90001", json!(5.960_464_477_539_063e-8)),
            ("f93e00", json!(1.5)),
            ("f9c400", json!(-4.0)),
            ("fa47c35000", json!(100_000.0)),
            ("fb3ff199999999999a", json!(1.1)),
            ("f5", json!(true)),
            ("c1fb41d452d9ec200000", json!(1_363_896_240.5)),
            ("64f0908591", json!("\u{10151}")),
            ("7f657374726561646d696e67ff", json!("streaming")),
            ("9f018202039f0405ffff", json!([1, [2, 3], [4, 5]])),
            ("a26161016162820203", json!({"a": 1, "b": [2, 3]})),
            ("bf61610161629f0203ffff", json!({"a": 1, "b": [2, 3]})),
        ] {
            assert_eq!(read(&hex(bytes)).unwrap(), expected, "{bytes}");
        }
        for bytes in ["", "a161 61f6"] {
            assert_eq!(read(&hex(bytes)).unwrap(), json!({}), "{bytes}");
        }
        for (bytes, words) in [
            ("18", "too early"),
            ("62 61", "too early"),
            ("9f01", "too early"),
            ("4101", "byte string"),
            ("f97e00", "not finite"),
            ("62c328", "UTF-8"),
            ("a10101", "not a text"),
            ("0000", "more than one"),
            ("1c", "reserved"),
            ("3bffffffffffffffff", "too small"),
            ("818181818181818181818181818181818181818100", "too deep"),
        ] {
            let fault = read(&hex(bytes)).unwrap_err();
            assert!(fault.message.contains(words), "{bytes}: {fault}");
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let time = crate::Timestamp::from_unix_ms(1_700_000_000_500).unwrap();
        let numbers = [0, 23, 24, 255, 256, 65_535, 65_536, 1 << 32, u64::MAX];
        let members = [
            ("Numbers", Member::List(numbers.map(Member::Number).into())),
            ("Time", Member::Time(time)),
            ("Inner", Member::Members(vec![("Text", "x".into()), ("Float", Member::Float(0.1))])),
        ];
        let expected = json!({
            "Numbers": numbers, "Time": 1_700_000_000.5, "Inner": {"Text": "x", "Float": 0.1},
        });
        assert_eq!(read(&write(&members)).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = read(&bytes);
        }
    }
}
