// Behaviour that every page has: menu, colours, busy buttons, focus on errors, copying, showing passwords, the zone.
const all = (name) => document.querySelectorAll(`[data-module~="${name}"]`);

for (const menu of all("menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
}

for (const form of all("theme")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = event.submitter.value;
    const root = document.documentElement;
    if (value === "auto") delete root.dataset.theme; else root.dataset.theme = value;
    for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button.value === value));
    const data = new FormData(form);
    data.set("theme", value);
    fetch(form.action, { method: "POST", body: data, redirect: "manual" }).catch(() => {});
  });
}

for (const form of all("submit")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter ?? form.querySelector("[type=submit]");
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    button.setAttribute("aria-disabled", "true");
    if (button.dataset.busy) { button.dataset.idle = button.textContent; button.textContent = button.dataset.busy; }
  });
}
// Coming back by the back button, the page is as it was left: make its forms usable again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of all("submit")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-disabled]")) {
      button.removeAttribute("aria-disabled");
      if (button.dataset.idle) button.textContent = button.dataset.idle;
    }
  }
});

for (const summary of all("errors")) summary.focus();

for (const box of all("reveal")) {
  const input = box.querySelector("input");
  const button = box.querySelector("button");
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = input.type === "text";
    input.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
    button.firstChild.data = shown ? "Show" : "Hide";
  });
}

for (const input of all("strength")) {
  const field = input.closest(".field");
  const meter = field.querySelector(".meter");
  const status = field.querySelector("[role=status]");
  const words = ["", "weak", "could be longer", "good", "strong"];
  input.addEventListener("input", () => {
    const text = input.value;
    const kinds = [/[A-Z]/, /[a-z]/, /\d/, /[^A-Za-z0-9\s]/].filter((kind) => kind.test(text)).length;
    const strength = !text ? 0 : text.length < 8 || kinds < 4 ? 1 : text.length < 11 ? 2 : text.length < 15 ? 3 : 4;
    meter.dataset.strength = String(strength);
    status.textContent = words[strength] && `Password: ${words[strength]}`;
  });
}

for (const input of all("zone")) {
  if (input.value === "UTC" || !input.value) input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
}

for (const button of all("copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const label = button.querySelector(".label");
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(button.dataset.text);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Select and copy by hand";
    }
    setTimeout(() => { label.textContent = before; }, 2000);
  });
}
