// The running call: shows what the server tells as it happens, asks every second where it cannot tell.
const STAGES = { greeting: "Greeting", consent: "Asking for consent to record", explaining: "Explaining the keys", asking: "Asking", listening: "Listening", closing: "Saying goodbye", ended: "Ended" };
const FLOORS = { agent: "The interviewer speaks", candidate: "The candidate speaks", open: "Silence" };
const EVERY_MS = 1000;
const FAILURES_TOLD = 3;
const POLLS_BEFORE_LISTENING = 10;

const clock = (ms) => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};
const usd = (text) => { const value = Number(text); return `$${value.toFixed(value < 1 ? 4 : 2)}`; };
const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

function follow(root) {
  if (root.dataset.follows) return;
  root.dataset.follows = "yes";
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const talk = part("talk");
  const lines = part("lines");
  const latest = part("latest");
  let after = Number(root.dataset.after);
  let atMs = Number(root.dataset.atMs);
  let seenAt = performance.now();
  let runs = root.dataset.isOver === "no";
  let failures = 0;
  let polls = 0;

  const atEnd = () => talk.scrollHeight - talk.scrollTop - talk.clientHeight < 40;
  const toEnd = () => { talk.scrollTop = talk.scrollHeight; latest.hidden = true; };
  talk.addEventListener("scroll", () => { if (atEnd()) latest.hidden = true; });
  latest.addEventListener("click", toEnd);
  toEnd();

  const partial = (text) => { const element = part("partial"); element.textContent = text; element.hidden = !text; };
  const floor = (value) => {
    const element = part("floor");
    if (element.dataset.floor === value) return;
    element.dataset.floor = value;
    part("floor-words").textContent = FLOORS[value] ?? "";
  };
  const addLine = (event) => {
    if (!event.text) return;
    const follows = atEnd();
    const item = document.createElement("li");
    item.className = `line ${event.who === "agent" ? "agent" : "candidate"}`;
    const cells = [["span", "who", event.who === "agent" ? "Interviewer" : "Candidate"], ["span", "at", clock(event.start_ms)], ["p", "", event.text]];
    for (const [tag, name, text] of cells) {
      const cell = document.createElement(tag);
      if (name) cell.className = name;
      cell.textContent = text;
      item.append(cell);
    }
    lines.append(item);
    if (follows) toEnd(); else latest.hidden = false;
  };
  const steps = {
    call_started() { runs = true; },
    stage(event) { part("stage").textContent = STAGES[event.stage] ?? event.stage; },
    floor(event) { floor(event.floor); },
    question(event) {
      part("question-number").textContent = `${event.order} of ${event.total}`;
      const question = part("question");
      question.textContent = event.text;
      question.hidden = false;
      const progress = part("progress");
      progress.max = event.total;
      progress.value = event.order;
    },
    partial_transcript(event) { partial(event.text); },
    turn(event) { if (event.who === "candidate") partial(""); addLine(event); },
    cost(event) {
      const cost = part("cost");
      if (event.price_usd === null) cost.dataset.isPartial = "";
      cost.textContent = usd(event.total_usd) + ("isPartial" in cost.dataset ? "+" : "");
    },
    user_acted(event) { if (event.command !== "note" && !event.is_done) part("connection").textContent = "That came at a moment at which it meant nothing."; },
    budget_reached() { part("budget").hidden = false; },
    engine_switched(event) { part("change-words").textContent = event.text; part("change").hidden = false; },
    line_quality(event) {
      part("line").dataset.quality = event.quality;
      part("line-words").textContent = event.words;
    },
    wish(event) { part("wish-words").textContent = event.words; part("wish").hidden = false; },
    line_trouble(event) { this.wish(event); },
    interview_ended() { partial(""); floor(""); },
    call_ended() { runs = false; partial(""); floor(""); },
  };

  // Two tabs share one renewal at the server; here one at a time is enough.
  async function ask(again = true) {
    const response = await fetch(`${root.dataset.events}?after=${after}`, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (response.status === 401 && again) {
      const renewed = await fetch(root.dataset.refresh, { method: "POST", headers: { "X-CSRF-TOKEN": cookie("csrf_refresh_token") } });
      if (renewed.status !== 204) { location.reload(); return null; }
      return ask(false);
    }
    if (!response.ok) throw new Error(`status ${response.status}`);
    return (await response.json()).data;
  }

  const take = (data) => {
    if (data.last <= after) return;
    for (const event of data.events) { steps[event.name]?.(event); }
    atMs = data.at_ms;
    seenAt = performance.now();
    after = data.last;
  };
  const answered = () => { failures = 0; part("connection").textContent = ""; };
  const failed = () => {
    failures += 1;
    if (failures === FAILURES_TOLD) part("connection").textContent = "The server does not answer. Trying again; the call itself is not affected.";
  };

  // The server tells us as things happen; asking for news is for when it cannot, and renews the login.
  function listen() {
    if (!root.isConnected) return;
    if (!("EventSource" in window)) { poll(); return; }
    const source = new EventSource(`${root.dataset.stream}?after=${after}`);
    source.onopen = answered;
    source.onmessage = (message) => { if (root.isConnected) take(JSON.parse(message.data)); else source.close(); };
    source.addEventListener("over", () => { source.close(); runs = false; });
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) { failed(); return; }
      poll();
    };
  }
  async function poll() {
    if (!root.isConnected) return;
    if (!document.hidden) {
      try {
        const data = await ask();
        if (data) take(data);
        answered();
        polls += 1;
        if (polls % POLLS_BEFORE_LISTENING === 1 && "EventSource" in window) { setTimeout(listen, EVERY_MS); return; }
      } catch {
        failed();
      }
    }
    setTimeout(poll, EVERY_MS * Math.min(10, 1 + failures));
  }
  function tick() {
    if (!root.isConnected) return;
    if (runs && seenAt) part("elapsed").textContent = clock(atMs + Math.min(3000, performance.now() - seenAt));
    setTimeout(tick, 500);
  }
  listen();
  tick();
}

const start = (root) => { for (const element of root.querySelectorAll('[data-module="live"]')) follow(element); };
start(document);
document.addEventListener("htmx:load", (event) => start(event.detail.elt.parentNode ?? document));
