//! What flags and the settings file mean together.

use super::*;

fn parse(text: &str) -> Result<Settings, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.to_string())
}

#[test]
fn a_file_says_what_flags_say() {
    let settings = parse(
        r#"
        listen = ["127.0.0.1:80", "[::1]:80"]
        threads = 2
        keep-alive = "http"
        stall = "500ms"
        [instance]
        ami = "al2"
        hop-limit = 3
        http-tokens = "required"
        tags = { Name = "web-1" }
        role = { name = "my-role" }
        "#,
    )
    .unwrap();
    assert_eq!(settings.listen.len(), 2);
    assert_eq!(settings.stall, Some(Duration::from_millis(500)));
    let flags = InstanceSettings { hop_limit: "5".parse().ok(), ..<_>::default() };
    let launch = flags.launch(settings.instance).map_err(|e| e.to_string()).unwrap();
    let instance = launch.resolve().unwrap();
    assert_eq!(instance.options.hop_limit.get(), 5, "the command line wins");
    assert_eq!(instance.options.http_tokens.as_str(), "required");
    assert_eq!(instance.tags.iter().count(), 1);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    for (text, line, word) in [
        ("\n[instance]\nhop-limit = 65\n", "line 3, column 13", "1 to 64"),
        ("[instance]\nhop_limit = 1\n", "line 2, column 1", "unknown field `hop_limit`"),
        ("[[subnet]]\nid = \"subnet-1\"\n", "line 2, column 6", "subnet"),
        ("[[subnet]]\nid = \"subnet-11111111\"\n", "line 1, column 1", "availability-zone"),
        ("stall = \"soon\"\n", "line 1, column 9", "such as 2s"),
        ("[instance.role]\nnam = \"x\"\n", "line 2, column 1", "unknown field"),
        ("\n[[event]]\nkind = \"rebalance\"\n", "line 2, column 1", "after, at or every"),
        ("[instance.block-devices]\nsdb = \"ram\"\n", "line 1, column 1", "ephemeral0"),
        ("[[instance.interface]]\npublic-ipv4 = \"1.2.3.4\"\n", "line 1, column 1", "needs ipv4"),
        ("[instance.placement]\nhost-id = \"x\"\n", "line 2, column 11", "h-"),
        ("[paths]\n\"api/token\" = \"x\"\n", "line 1, column 1", "the first is not api"),
    ] {
        let error = parse(text).err().unwrap();
        assert!(error.contains(line) && error.contains(word), "{text}: {error}");
    }
}
