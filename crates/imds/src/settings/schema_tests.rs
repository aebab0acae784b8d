//! The schema says what the deserializer takes: the same keys in every table, and values that it takes.

use serde_json::{Map, Value};

use super::SCHEMA;
use super::words::{
    HTTP_TOKENS, LIFE_CYCLES, MAINTENANCE_CODES, SPOT_ACTIONS, SWITCH, TARGET_STATES,
};
use crate::config::Settings;

/// A table of the settings file, as text around its keys; `require` is what it cannot be without.
struct Table {
    pointer: &'static str,
    head: &'static str,
    require: &'static str,
}

const TABLES: [Table; 9] = [
    Table { pointer: "", head: "", require: "" },
    Table { pointer: "/properties/instance", head: "[instance]\n", require: "" },
    Table {
        pointer: "/properties/instance/properties/role",
        head: "[instance.role]\n",
        require: "",
    },
    Table {
        pointer: "/properties/instance/properties/placement",
        head: "[instance.placement]\n",
        require: "",
    },
    Table {
        pointer: "/$defs/interface",
        head: "[[instance.interface]]\n",
        require: "ipv4 = ['172.31.16.10']\n",
    },
    Table {
        pointer: "/$defs/image",
        head: "[[image]]\n",
        require: "id = 'ami-0123456789abcdef0'\n",
    },
    Table {
        pointer: "/$defs/subnet",
        head: "[[subnet]]\n",
        require: "id = 'subnet-0123456789abcdef0'\navailability-zone = 'eu-west-1b'\n\
                  ipv4 = '172.31.128.0/24'\n",
    },
    Table {
        pointer: "/$defs/event",
        head: "[[event]]\n",
        require: "kind = 'rebalance'\nafter = '1s'\n",
    },
    Table {
        pointer: "/properties/instance/properties/identity-role",
        head: "[instance.identity-role]\n",
        require: "",
    },
];

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

fn properties<'a>(schema: &'a Value, table: &Table) -> &'a Map<String, Value> {
    let object = schema.pointer(table.pointer).unwrap();
    assert_eq!(object["additionalProperties"], false, "{}", table.pointer);
    object["properties"].as_object().unwrap()
}

fn read(text: &str) -> Result<Settings, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

/// The keys that serde names when it meets one that it does not know.
fn known_keys(table: &Table) -> Vec<String> {
    let error = read(&format!("{}no-such-key = 1\n", table.head)).err().unwrap();
    let (_, expected) = error.split_once("expected").expect(&error);
    let mut keys: Vec<_> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    keys.sort();
    keys
}

#[test]
fn the_schema_has_every_key_of_every_table_and_no_other() {
    let schema = schema();
    for table in &TABLES {
        let mut known = known_keys(table);
        // A name there is an error of its own, since EC2 fixes it.
        known.retain(|key| !(table.head.contains("identity-role") && key == "name"));
        let mut described: Vec<_> = properties(&schema, table).keys().cloned().collect();
        described.sort();
        assert_eq!(described, known, "{}", table.pointer);
    }
}

#[test]
fn the_deserializer_takes_each_example_and_no_other_type() {
    let schema = schema();
    for table in &TABLES {
        for (key, property) in properties(&schema, table) {
            let is_table = property.get("properties").is_some();
            assert!(is_table || property.get("examples").is_some(), "{key} has no example");
            assert!(property.get("description").is_some(), "{key} has no description");
            // Of keys that exclude each other one is enough.
            let require: String = table
                .require
                .split_inclusive('\n')
                .filter(|line| !line.starts_with(&format!("{key} =")))
                .filter(|line| !(line.starts_with("after") && key == "at"))
                .collect();
            let with = |value: &str| format!("{}{require}{key} = {value}\n", table.head);
            let enums = property.get("enum").into_iter();
            let examples = property.get("examples").into_iter();
            for value in enums.chain(examples).filter_map(Value::as_array).flatten() {
                let text = with_kind(&with(&toml(value)), key, value);
                if let Err(error) = read(&text) {
                    panic!("{text}: {error}");
                }
            }
            let is_boolean = property.get("type") == Some(&"boolean".into());
            let wrong = if is_boolean { "\"true\"" } else { "true" };
            assert!(read(&with(wrong)).is_err(), "{key} = {wrong}");
        }
    }
}

/// Keys of an event belong to one kind each.
fn with_kind(text: &str, key: &str, value: &Value) -> String {
    let kind = match key {
        "action" => "spot-interruption",
        "code" | "description" | "lasts" => "maintenance",
        "state" => "lifecycle-state",
        _ => {
            return match value.as_str() {
                Some("lifecycle-state") => format!("{text}state = 'Standby'\n"),
                _ => text.to_owned(),
            };
        }
    };
    text.replace("kind = 'rebalance'", &format!("kind = '{kind}'"))
}

/// A value in TOML; of JSON's forms only tables are written otherwise.
fn toml(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let pairs: Vec<_> =
                table.iter().map(|(key, value)| format!("{key:?} = {}", toml(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Array(values) => {
            format!("[{}]", values.iter().map(toml).collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

#[test]
fn words_are_those_of_the_flags() {
    let schema = schema();
    let instance = "/properties/instance/properties";
    for (pointer, words) in [
        (format!("{instance}/http-tokens"), HTTP_TOKENS),
        (format!("{instance}/http-endpoint"), SWITCH),
        (format!("{instance}/http-protocol-ipv6"), SWITCH),
        (format!("{instance}/instance-metadata-tags"), SWITCH),
        (format!("{instance}/life-cycle"), LIFE_CYCLES),
        ("/$defs/event/properties/action".to_owned(), SPOT_ACTIONS),
        ("/$defs/event/properties/code".to_owned(), MAINTENANCE_CODES),
        ("/$defs/event/properties/state".to_owned(), TARGET_STATES),
    ] {
        assert_eq!(
            schema.pointer(&pointer).unwrap()["enum"],
            serde_json::json!(words),
            "{pointer}"
        );
    }
}
