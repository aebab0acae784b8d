//! Pages that show the past, events, launch templates and defaults, and the forms on them.

use testkit::{Context as _, Result, Trial, ensure, eventually, tests};

use super::browser::{Console, ID};
use crate::api::{call, element, image};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[];
        a_form_without_its_fields_changes_nothing,
        defaults_are_changed,
        events_come_and_go,
        launch_templates_are_shown,
        the_past_is_drawn,
    ]
}

/// What nobody reads must not look as if it had been obeyed.
fn a_form_without_its_fields_changes_nothing() -> Result<()> {
    let console = Console::start(&["--http-tokens", "required"])?;
    console.submit("/faults", "fault=user-data%2Creset")?;
    let options = format!("/instances/{ID}/options");
    let events = format!("/instances/{ID}/events");
    for path in [&options, &events, "/defaults", "/faults", "/faults/remove"] {
        for (form, words) in [
            ("", "the form is empty"),
            ("http_token=optional", "no field &quot;http_token&quot;"),
            ("{\"http_tokens\":\"optional\"}", "no field"),
        ] {
            let refused = console.submit(path, form)?;
            let page = refused.text()?;
            ensure!(refused.status() == 400 && page.contains(words), "{path} {form:?}: {page}");
        }
    }
    let twice = console.submit(&options, "http_tokens=optional&http_tokens=required")?;
    ensure!(twice.status() == 400 && twice.text()?.contains("twice"), "{twice:?}");
    ensure!(
        console.tokens()? == "required" && console.json("/api/v1/faults")?["faults"][0]["id"] == 1
    );
    ensure!(console.json(&format!("/api/v1{events}"))?["events"] == serde_json::json!([]));

    // Nor is a form that says what is there already a change.
    for (path, form, back) in [
        (&*options, "http_tokens=required", format!("/instances/{ID}?saved=same")),
        ("/defaults", "http_tokens=no-preference", "/defaults?region=us-east-1&saved=same".into()),
    ] {
        let answer = console.submit(path, form)?;
        ensure!(answer.header("location") == Some(&*back), "{answer:?}");
        let page = console.page(&back)?;
        ensure!(page.contains("Nothing was changed") && !page.contains("were changed"), "{page}");
    }
    ensure!(console.submit("/faults/remove", "id=all")?.status() == 303);
    ensure!(console.json("/api/v1/faults")?["faults"] == serde_json::json!([]));
    Ok(())
}

fn defaults_are_changed() -> Result<()> {
    let console = Console::start(&[])?;
    let form = "http_tokens=required&http_put_response_hop_limit=3&http_endpoint=no-preference";
    let changed = console.submit("/defaults?region=eu-west-1", form)?;
    ensure!(changed.status() == 303, "{changed:?}");
    let place = changed.header("location").context("no way on")?.to_owned();
    let page = console.page(&place)?;
    ensure!(
        page.contains("The IMDS defaults were changed.") && page.contains("value=\"3\""),
        "{page}"
    );
    let defaults = console.json("/api/v1/defaults?region=eu-west-1")?;
    ensure!(defaults["http_tokens"] == "required", "{defaults}");
    ensure!(defaults["http_put_response_hop_limit"] == 3, "{defaults}");
    ensure!(defaults["http_endpoint"].is_null(), "{defaults}");
    ensure!(console.json("/api/v1/defaults")?["http_tokens"].is_null(), "of another Region");

    let form = "http_tokens=optional&http_put_response_hop_limit=65";
    let refused = console.submit("/defaults?region=eu-west-1", form)?;
    let page = refused.text()?;
    ensure!(refused.status() == 400 && page.contains("were not changed"), "{page}");
    ensure!(page.contains("value=\"65\""), "what was typed is still there: {page}");
    let defaults = console.json("/api/v1/defaults?region=eu-west-1")?;
    ensure!(defaults["http_tokens"] == "required", "half of it was changed: {defaults}");

    let form = "http_tokens=no-preference&http_put_response_hop_limit=";
    ensure!(console.submit("/defaults?region=eu-west-1", form)?.status() == 303);
    let defaults = console.json("/api/v1/defaults?region=eu-west-1")?;
    ensure!(defaults["http_tokens"].is_null(), "{defaults}");
    ensure!(console.get("/defaults?region=nowhere")?.status() == 400);
    Ok(())
}

/// What was sent is in the chart, in its table and in its API at once; who sent it, a moment later.
fn the_past_is_drawn() -> Result<()> {
    let console = Console::start(&["--http-tokens", "optional"])?;
    let empty = console.page("/history")?;
    ensure!(empty.contains("<svg") && !empty.contains("<rect class=\"v1\""), "{empty}");
    for _ in 0..3 {
        ensure!(console.v1()? == 200);
    }
    let header = format!("X-aws-ec2-metadata-token: {}", console.server.token(60)?);
    console.server.request("GET", "/latest/meta-data/mac", &[&header])?;
    let is_named = |page: &String| page.contains("old-script/1.0 &lt;b&gt;");
    eventually("who it was", || console.page("/history").ok().filter(is_named))?;
    for hours in [1, 3, 24, 360] {
        let page = console.page(&format!("/history?hours={hours}"))?;
        for (name, count) in [("v1", 3), ("v2", 2)] {
            let figure =
                page.split(&format!("class=\"key {name}\"")).nth(1).context("no figure")?;
            let shown = figure.split("<dd>").nth(1).and_then(|it| it.split('<').next());
            ensure!(shown == Some(&count.to_string()), "{hours} h, {name}: {shown:?}");
            ensure!(
                page.contains(&format!("<rect class=\"{name}\"")),
                "{hours} h: no bar of {name}"
            );
        }
        ensure!(is_named(&page), "who it was: {page}");
        let history = console.json(&format!("/api/v1/history?hours={hours}"))?;
        let intervals = history["intervals"].as_array().context("intervals")?;
        let sum = |name: &str| intervals.iter().filter_map(|it| it[name].as_u64()).sum::<u64>();
        ensure!((sum("v1"), sum("v2"), sum("tokens_lost")) == (3, 2, 0), "{history}");
    }
    ensure!(console.get("/history?hours=0")?.status() == 400);
    Ok(())
}

/// What a page adds, ends and removes is what clients see.
fn events_come_and_go() -> Result<()> {
    let console = Console::start(&["--http-tokens", "optional"])?;
    let events = format!("/instances/{ID}/events");
    let served = |path: &str| -> Result<(u16, String)> {
        let answer = console.server.request("GET", &format!("/latest/meta-data/{path}"), &[])?;
        Ok((answer.status(), answer.text()?))
    };
    ensure!(console.page(&events)?.contains("No events."));
    let added = console.submit(&events, "kind=spot-interruption+stop&minutes=1")?;
    ensure!(added.header("location") == Some(&*events), "{added:?}");
    eventually("the notice is served", || {
        let (status, notice) = served("spot/instance-action").ok()?;
        (status == 200 && notice.contains("\"stop\"")).then_some(())
    })?;
    ensure!(console.submit(&events, "kind=maintenance+instance-stop&minutes=")?.status() == 303);
    let listed = console.json(&format!("/api/v1{events}"))?;
    let maintenance = listed["events"].as_array().context("events")?;
    let maintenance = maintenance.iter().find(|it| it["kind"] == "maintenance");
    let id = maintenance.and_then(|it| it["id"].as_str()).context("no maintenance")?;
    let page = console.page(&events)?;
    ensure!(page.contains(id) && page.contains("Call off") && page.contains("Active"), "{page}");
    ensure!(console.submit(&events, &format!("event={id}&outcome=canceled"))?.status() == 303);
    eventually("it is in the history", || {
        served("events/maintenance/history").ok()?.1.contains("[Canceled]").then_some(())
    })?;
    let again = console.submit(&events, &format!("event={id}&outcome=completed"))?;
    ensure!(again.status() == 409 && again.text()?.contains("role=\"alert\""), "{again:?}");
    for id in ["spot-interruption", id] {
        ensure!(console.submit(&events, &format!("event={id}"))?.status() == 303, "{id}");
    }
    eventually("the notice is gone", || {
        (served("spot/instance-action").ok()?.0 == 404).then_some(())
    })?;
    ensure!(console.page(&events)?.contains("No events."));
    for (form, words) in [
        ("kind=reboot&minutes=", "is not a kind of event"),
        ("kind=rebalance+&minutes=soon", "a whole number"),
        ("event=x&outcome=over", "completed or canceled"),
        ("event=none", "none"),
    ] {
        let refused = console.submit(&events, form)?;
        ensure!(matches!(refused.status(), 400 | 404), "{form}: {refused:?}");
        ensure!(refused.text()?.contains(words), "{form}: {refused:?}");
    }
    Ok(())
}

/// What each version states, and what a launch from it would get; a launch gets it.
fn launch_templates_are_shown() -> Result<()> {
    let console = Console::start(&["--no-auth"])?;
    let api = console.server.control();
    let list = "/launch-templates";
    ensure!(console.page(list)?.contains("No launch templates in this Region."));
    let image = image(api)?;
    let data = "LaunchTemplateData.MetadataOptions.HttpTokens=optional";
    let form = format!("LaunchTemplateName=web&LaunchTemplateData.ImageId={image}&{data}");
    let made = call(api, "CreateLaunchTemplate", &form)?;
    let id = element(&made, "launchTemplateId")?;
    let data = "LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit=7";
    call(api, "CreateLaunchTemplateVersion", &format!("LaunchTemplateName=web&{data}"))?;
    let page = console.page(list)?;
    ensure!(page.contains(id) && page.contains(">web<"), "{page}");
    ensure!(console.page(&format!("{list}?region=eu-west-1"))?.contains("No launch templates"));

    let place = format!("{list}/{id}");
    let first = console.page(&place)?;
    for text in
        ["V1 and V2 (token optional)", "Not set", "Set by", "What a launch gets", ">Default<"]
    {
        ensure!(first.contains(text), "{text}: {first}");
    }
    // The image wants tokens; the template's word is stronger, and the account's may forbid both.
    let options = console.json(&format!("/api/v1{place}/versions/1/launch"))?;
    ensure!(
        options["metadata_options"]["http_tokens"]["stated_by"] == "launch-template",
        "{options}"
    );
    let launched =
        call(api, "RunInstances", "LaunchTemplate.LaunchTemplateName=web&MinCount=1&MaxCount=1")?;
    ensure!(element(&launched, "httpTokens")? == "optional", "{launched}");
    ensure!(console.submit("/defaults", "http_tokens_enforced=enabled")?.status() == 303);
    let refused = console.page(&place)?;
    ensure!(
        refused.contains("A launch from this version is refused.")
            && refused.contains("httpTokensEnforced"),
        "{refused}"
    );
    ensure!(!refused.contains("run-instances"), "what is refused is not to be copied: {refused}");

    let second = console.page(&format!("{place}?version=2"))?;
    ensure!(
        second.contains("ImageId") && second.contains("A launch from this version is refused."),
        "{second}"
    );
    let second = console.page(&format!("{place}?version=2&image_id={image}"))?;
    ensure!(
        !second.contains("is refused") && second.contains(&format!("--image-id {image}")),
        "{second}"
    );
    ensure!(second.contains("V2 only (token required)"), "the image's: {second}");
    for (path, status) in [("lt-0123456789abcdef0", 404), ("x", 400)] {
        ensure!(console.get(&format!("{list}/{path}"))?.status() == status, "{path}");
    }
    Ok(())
}
