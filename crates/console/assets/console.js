// Copy buttons, and the live view of requests. Every page but the live view works without this file.
"use strict";

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  const name = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
    setTimeout(() => { button.textContent = name; }, 2000);
  });
}

const live = document.getElementById("live");
if (live && window.EventSource) watchRequests(live);

function watchRequests(status) {
  const MOST_ROWS = 200;
  const MOST_KEPT = 1000;
  const rows = document.getElementById("requests");
  const filter = document.getElementById("filter");
  const pause = document.getElementById("pause");
  const last = Number(rows.dataset.last);
  // All requests that were seen, the oldest first; what is shown is chosen from them.
  let kept = [];
  let lost = Number(status.dataset.before);
  let isPaused = false;
  let isConnected = false;
  let isDrawing = false;

  pause.hidden = false;
  document.getElementById("apply").hidden = true;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? pause.dataset.resume : pause.dataset.pause;
    draw();
  });
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.addEventListener("input", () => { updateExport(); draw(true); });

  fetch("/api/v1/requests").then((response) => response.json()).then((answer) => {
    const first = kept.length ? kept[0].number : Infinity;
    kept = answer.requests.reverse().filter((request) => request.number < first).concat(kept);
    draw();
  });
  const source = new EventSource(status.dataset.url);
  source.addEventListener("open", () => { isConnected = true; report(); });
  source.addEventListener("error", () => { isConnected = false; report(); });
  source.addEventListener("lost", (event) => { lost += JSON.parse(event.data).lost; report(); });
  source.addEventListener("request", (event) => {
    const request = JSON.parse(event.data);
    if (kept.length && request.number <= kept[kept.length - 1].number) return;
    kept.push(request);
    if (kept.length > 2 * MOST_KEPT) kept = kept.slice(-MOST_KEPT);
    draw();
  });

  function report() {
    const state = !isConnected ? "connecting" : isPaused ? "paused" : "live";
    const text = status.dataset[state] + (lost ? ` (${status.dataset.lost} ${lost})` : "");
    if (status.textContent !== text) status.textContent = text;
    status.dataset.state = state;
  }

  // Once for all that came since the last picture. What is paused is drawn for another filter only.
  function draw(isAsked = false) {
    report();
    if (isDrawing || (isPaused && !isAsked)) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      const accepts = accepted();
      const shown = [];
      for (let i = kept.length - 1; i >= 0 && shown.length < MOST_ROWS; i--) {
        if (accepts(kept[i])) shown.push(row(kept[i]));
      }
      rows.replaceChildren(...shown);
      const none = document.getElementById("none");
      if (none) none.hidden = shown.length > 0;
    });
  }

  function accepted() {
    const form = new FormData(filter);
    const text = form.get("text").trim().toLowerCase();
    const imds = form.get("imds");
    const code = form.get("status");
    const onlyLost = form.has("lost");
    return (request) =>
      (!text || [request.instance, request.peer, request.path, request.agent || ""]
        .some((part) => part.toLowerCase().includes(text))) &&
      (!imds || request.imds === imds) &&
      String(request.status).startsWith(code) &&
      (!onlyLost || request.token_could_arrive === false);
  }

  function updateExport() {
    const query = new URLSearchParams(new FormData(filter));
    document.getElementById("export").href = `/api/v1/requests/export?${query}`;
  }

  function row(request) {
    const isLost = request.token_could_arrive === false;
    const line = document.createElement("tr");
    if (isLost) line.className = "lost";
    const kind = request.status < 400 ? "good" : request.status < 500 ? "wait" : "bad";
    const notes = [
      isLost && `${status.dataset.tokenLost} ${request.hop_limit}`,
      request.refused,
      request.fault && `fault ${request.fault.id}: ${request.fault.kinds.join(", ")}`,
    ];
    const time = cell("", "time", "", request.time.slice(11, -1));
    time.firstChild.dateTime = request.time;
    const hops = request.hops_away === null ? "?" : request.hops_away;
    line.append(
      time,
      cell("", "span", `version ${request.imds}`, `IMDS${request.imds}`),
      cell("", "span", `badge ${kind}`, request.status),
      cell("long wider", "code", "", `${request.method} ${request.path}`),
      cell("", "code", "", request.peer),
      cell("long", "span", "", request.agent || "–"),
      cell("", "code", "", request.instance),
      cell("number", "span", "", hops),
      cell("long", "span", "", notes.filter(Boolean).join("; ")),
    );
    return line;
  }

  function cell(kind, tag, className, text) {
    const inner = document.createElement(tag);
    if (className) inner.className = className;
    inner.textContent = text;
    const outer = document.createElement("td");
    if (kind) outer.className = kind;
    outer.append(inner);
    return outer;
  }
}
