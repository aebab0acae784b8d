//! Pages that show the past, events and defaults, and the forms on them.

use testkit::{Context as _, Result, Trial, ensure, eventually, tests};

use super::browser::{Console, ID};

pub(super) fn tests() -> Vec<Trial> {
    tests![&[];
        defaults_are_changed,
        events_are_announced,
        the_past_is_drawn,
    ]
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

fn events_are_announced() -> Result<()> {
    let console = Console::start(&["--http-tokens", "optional"])?;
    let path = format!("/instances/{ID}/events");
    let notice = "/latest/meta-data/spot/instance-action";
    let status = || Ok::<_, testkit::Error>(console.server.request("GET", notice, &[])?.status());
    ensure!(console.page(&path)?.contains("No events."), "there is one already");
    let added = console.submit(&path, "kind=spot-interruption%3Astop&minutes=")?;
    ensure!(added.status() == 303 && added.header("location") == Some(&*path), "{added:?}");
    eventually("the notice is there", || (status().ok()? == 200).then_some(()))?;
    let added = console.submit(&path, "kind=maintenance%3Asystem-reboot&minutes=90")?;
    ensure!(added.status() == 303, "{added:?}");

    let listed = console.json(&format!("/api/v1{path}"))?;
    let events = listed["events"].as_array().context("events")?;
    ensure!(events.len() == 2 && events[0]["what"] == "stop", "{listed}");
    let id = events[1]["id"].as_str().context("id")?;
    ensure!(console.page(&path)?.contains(id), "the page has not {id}");
    let end = format!("event={id}&outcome=completed");
    ensure!(console.submit(&path, &end)?.status() == 303);
    let again = console.submit(&path, &end)?;
    ensure!(again.status() == 409 && again.text()?.contains("is not scheduled"), "{again:?}");
    ensure!(console.submit(&path, "event=spot-interruption&outcome=")?.status() == 303);
    eventually("the notice is gone", || (status().ok()? == 404).then_some(()))?;
    for form in ["kind=reboot", "kind=rebalance&minutes=x", "event=none", "event=none&outcome=over"]
    {
        let refused = console.submit(&path, form)?;
        let text = refused.text()?;
        ensure!(
            (400..500).contains(&refused.status()) && text.contains("role=\"alert\""),
            "{form}: {text}"
        );
    }
    Ok(())
}

/// What was sent is in the chart, in its table and in its API, at once.
fn the_past_is_drawn() -> Result<()> {
    let console = Console::start(&["--http-tokens", "optional"])?;
    let empty = console.page("/history")?;
    ensure!(empty.contains("<svg") && !empty.contains("<rect class=\"v1\""), "{empty}");
    for _ in 0..3 {
        ensure!(console.v1()? == 200);
    }
    let header = format!("X-aws-ec2-metadata-token: {}", console.server.token(60)?);
    console.server.request("GET", "/latest/meta-data/mac", &[&header])?;
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
        ensure!(page.contains("old-script/1.0 &lt;b&gt;"), "who it was: {page}");
        let history = console.json(&format!("/api/v1/history?hours={hours}"))?;
        let intervals = history["intervals"].as_array().context("intervals")?;
        let sum = |name: &str| intervals.iter().filter_map(|it| it[name].as_u64()).sum::<u64>();
        ensure!((sum("v1"), sum("v2"), sum("tokens_lost")) == (3, 2, 0), "{history}");
    }
    ensure!(console.get("/history?hours=0")?.status() == 400);
    Ok(())
}
