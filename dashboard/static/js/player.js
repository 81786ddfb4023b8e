// The recording beneath a report: a quote, a word or a line plays its moment; what is heard is marked as it passes.
const player = document.querySelector('[data-module="player"]');

for (const button of document.querySelectorAll('[data-module="print"]')) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
for (const button of document.querySelectorAll('[data-module="unfold"]')) {
  const questions = [...document.querySelectorAll("details.question")];
  button.hidden = false;
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    for (const question of questions) question.open = open;
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Close all" : "Open all";
  });
}
// Everything is printed, also what is folded.
window.addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("main details")) { fold.dataset.was = fold.open ? "open" : ""; fold.open = true; }
});
window.addEventListener("afterprint", () => {
  for (const fold of document.querySelectorAll("main details")) fold.open = fold.dataset.was === "open";
});

if (player) {
  const audio = player.querySelector("audio");
  const status = player.querySelector('[data-part="player-status"]');
  const clock = (ms) => `${Math.floor(ms / 60000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}`;
  let call = player.dataset.call;
  let stopAt = null;

  player.querySelector(".controls").hidden = false;
  for (const answer of document.querySelectorAll(".answer[data-call]")) if (answer.dataset.call) answer.dataset.playable = "";

  function seek(atMs, wantedCall, untilMs) {
    const play = () => {
      audio.currentTime = Math.max(0, atMs / 1000 - 0.15);
      audio.play().catch(() => { status.textContent = "Press play to listen."; });
    };
    stopAt = untilMs ? untilMs / 1000 + 0.4 : null;
    if (wantedCall && wantedCall !== call) {
      call = wantedCall;
      audio.src = `${player.dataset.source}?call=${encodeURIComponent(call)}`;
      audio.addEventListener("loadedmetadata", play, { once: true });
    } else if (audio.readyState >= 1) {
      play();
    } else {
      audio.addEventListener("loadedmetadata", play, { once: true });
      audio.load();
    }
    status.textContent = `Playing from ${clock(atMs)}`;
    history.replaceState(null, "", `#t=${Math.floor(atMs / 1000)}`);
  }

  document.addEventListener("click", (event) => {
    const target = event.target.closest("[data-at]");
    if (!target) return;
    const owner = target.dataset.call ?? target.closest("[data-call]")?.dataset.call;
    if (!owner) return;
    const isWord = !target.matches("button");
    if (isWord && !window.getSelection().isCollapsed) return;
    seek(Number(target.dataset.at), owner, isWord ? null : Number(target.dataset.until));
  });

  for (const button of player.querySelectorAll("[data-jump]")) {
    button.addEventListener("click", () => { stopAt = null; audio.currentTime = Math.max(0, audio.currentTime + Number(button.dataset.jump)); });
  }
  player.querySelector("select").addEventListener("change", (event) => { audio.playbackRate = Number(event.target.value); });

  const lines = () => [...document.querySelectorAll("[data-line]")].filter((line) => line.dataset.call === call);
  // Keys belong to the player only while it has the focus.
  player.addEventListener("keydown", (event) => {
    if (event.target.matches("select, button") || event.ctrlKey || event.metaKey || event.altKey) return;
    const jump = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
    if (jump) { audio.currentTime = Math.max(0, audio.currentTime + jump); stopAt = null; }
    else if (event.key === " ") { if (audio.paused) audio.play(); else audio.pause(); }
    else if (event.key === "[" || event.key === "]") {
      const now = audio.currentTime * 1000;
      const next = event.key === "]" ? lines().find((line) => Number(line.dataset.at) > now + 500) : lines().findLast((line) => Number(line.dataset.at) < now - 1500);
      if (next) seek(Number(next.dataset.at), call, null);
    } else return;
    event.preventDefault();
  });
  audio.addEventListener("seeking", () => { if (stopAt !== null && audio.currentTime > stopAt) stopAt = null; });

  const words = [...document.querySelectorAll(".answer span[data-at]")].map((element) => ({ element, at: Number(element.dataset.at), call: element.closest("[data-call]").dataset.call }));
  const spans = [...document.querySelectorAll("button[data-at]")];
  let marked = null;
  audio.addEventListener("timeupdate", () => {
    const now = audio.currentTime * 1000;
    if (stopAt !== null && audio.currentTime >= stopAt) { audio.pause(); stopAt = null; }
    const word = words.findLast((candidate) => candidate.call === call && candidate.at <= now + 60 && now - candidate.at < 1500);
    if (word?.element !== marked) { marked?.classList.remove("now"); marked = word?.element ?? null; marked?.classList.add("now"); }
    for (const span of spans) {
      const isNow = !audio.paused && span.dataset.call === call && Number(span.dataset.at) <= now + 200 && now < Number(span.dataset.until);
      if (isNow) span.setAttribute("aria-current", "true"); else span.removeAttribute("aria-current");
    }
  });
  audio.addEventListener("error", () => { status.textContent = "The recording cannot be loaded."; });

  const from = /#t=(\d+)/.exec(location.hash);
  if (from) audio.addEventListener("loadedmetadata", () => { audio.currentTime = Number(from[1]); }, { once: true });
}
