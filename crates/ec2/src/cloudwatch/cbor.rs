//! CBOR (RFC 8949), as far as the protocol has it: a request becomes the same tree that JSON gives. Byte
//! strings, which no parameter has, are refused.

use std::convert::Infallible;

use minicbor::data::{IanaTag, Type};
use minicbor::decode::Error;
use minicbor::{Decoder, Encoder, encode};
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
    let mut decoder = Decoder::new(bytes);
    let value = item(&mut decoder, 0).map_err(|error| serialization(error.to_string()))?;
    if decoder.position() < bytes.len() {
        return Err(serialization("there is more than one item"));
    }
    Ok(value)
}

fn item(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::message("values are too deep inside each other"));
    }
    Ok(match decoder.datatype()? {
        Type::Bool => decoder.bool()?.into(),
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => decoder.u64()?.into(),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => decoder.i64()?.into(),
        Type::F16 | Type::F32 | Type::F64 => {
            let number = Number::from_f64(decoder.f64()?);
            number.ok_or_else(|| Error::message("a number is not finite"))?.into()
        }
        Type::String | Type::StringIndef => Value::String(text(decoder)?),
        Type::Array | Type::ArrayIndef => {
            let (count, mut elements) = (decoder.array()?, Vec::new());
            while has_more(decoder, count, elements.len())? {
                elements.push(item(decoder, depth + 1)?);
            }
            Value::Array(elements)
        }
        Type::Map | Type::MapIndef => {
            let (count, mut members, mut read) = (decoder.map()?, Map::new(), 0);
            while has_more(decoder, count, read)? {
                let name = text(decoder)?;
                let value = item(decoder, depth + 1)?;
                // As in JSON, where null is no value.
                if !value.is_null() {
                    members.insert(name, value);
                }
                read += 1;
            }
            Value::Object(members)
        }
        // Of a time; the number inside says the same.
        Type::Tag => {
            decoder.tag()?;
            item(decoder, depth + 1)?
        }
        other => return Err(Error::message(format!("no parameter is {other}"))),
    })
}

/// A text, which may come in parts.
fn text(decoder: &mut Decoder<'_>) -> Result<String, Error> {
    decoder.str_iter()?.collect()
}

/// Whether an array or map has an item more; takes the break at the end of one without a length.
fn has_more(decoder: &mut Decoder<'_>, count: Option<u64>, read: usize) -> Result<bool, Error> {
    match count {
        Some(count) => Ok((read as u64) < count),
        None if decoder.datatype()? == Type::Break => {
            decoder.set_position(decoder.position() + 1);
            Ok(false)
        }
        None => Ok(true),
    }
}

/// Writes members as a map.
pub(super) fn write(members: &[(&'static str, Member)]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    write_members(members, &mut encoder).unwrap_or_else(|_| unreachable!("it goes to memory"));
    encoder.into_writer()
}

type Written = Result<(), encode::Error<Infallible>>;

fn write_members(members: &[(&'static str, Member)], to: &mut Encoder<Vec<u8>>) -> Written {
    to.map(members.len() as u64)?;
    for (name, member) in members {
        to.str(name)?;
        write_one(member, to)?;
    }
    Ok(())
}

fn write_one(member: &Member, to: &mut Encoder<Vec<u8>>) -> Written {
    match member {
        Member::Text(text) => to.str(text).map(drop),
        #[expect(clippy::cast_precision_loss, reason = "exact until the year 9999")]
        Member::Time(time) => {
            to.tag(IanaTag::Timestamp)?.f64(time.unix_ms() as f64 / 1000.0).map(drop)
        }
        Member::Number(number) => to.u64(*number).map(drop),
        Member::Float(number) => to.f64(*number).map(drop),
        Member::List(elements) => {
            to.array(elements.len() as u64)?;
            elements.iter().try_for_each(|element| write_one(element, to))
        }
        Member::Members(members) => write_members(members, to),
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
            ("18", "end of input"),
            ("62 61", "end of input"),
            ("9f01", "end of input"),
            ("4101", "bytes"),
            ("f97e00", "not finite"),
            ("62c328", "utf-8"),
            ("a10101", "expected text"),
            ("0000", "more than one"),
            ("1c", "0x1c"),
            ("3bffffffffffffffff", "overflow"),
            ("818181818181818181818181818181818181818100", "too deep"),
        ] {
            let fault = read(&hex(bytes)).unwrap_err();
            assert_eq!(fault.code, "SerializationException");
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
