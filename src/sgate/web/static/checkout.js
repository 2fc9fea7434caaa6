// The live part of the checkout page. The server draws every state; this asks whether something changed, swaps the drawn
// part, counts down, copies, and follows the merchant's link when it is paid. Without it the page reloads itself.
(() => {
  "use strict";
  const POLL_MS = 3000;
  const SLOW_POLL_MS = 15000;
  const REDIRECT_S = 6;
  let failures = 0;
  let redirecting = 0;

  const main = () => document.querySelector("main");
  const data = () => main().dataset;

  const say = (text) => {
    const status = document.getElementById("announcement");
    if (status && status.textContent !== text) status.textContent = text;
  };

  const two = (number) => String(number).padStart(2, "0");

  const clockSkewMs = () => Number(data().serverTime) - loadedAt;
  let loadedAt = Date.now();

  function tick() {
    const clock = document.getElementById("countdown");
    if (!clock) return;
    const leftS = Math.max(0, Math.round((Number(data().expiresAt) - (Date.now() + clockSkewMs())) / 1000));
    clock.textContent = `${Math.floor(leftS / 60)}:${two(leftS % 60)}`;
    const bar = document.getElementById("time-bar");
    if (bar) bar.value = leftS;
  }

  async function redraw() {
    const answer = await fetch(data().pageUrl, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`page answered ${answer.status}`);
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    const focused = document.activeElement && document.activeElement.id;
    loadedAt = Date.now();
    main().replaceWith(drawn);
    document.title = drawn.dataset.title;
    say(drawn.dataset.announcement);
    if (focused) document.getElementById(focused)?.focus();
    prepare();
  }

  async function poll() {
    if (data().live !== "true") return;
    try {
      const answer = await fetch(data().apiUrl, { cache: "no-store" });
      if (!answer.ok) throw new Error(`API answered ${answer.status}`);
      const intent = await answer.json();
      const seen = `${intent.sequence}/${intent.status}/${intent.confirmations}/${intent.amount_received_sats}/${intent.finality}`;
      document.getElementById("connection").hidden = true;
      failures = 0;
      if (seen !== data().seen) await redraw();
    } catch {
      failures += 1;
      if (failures >= 2) document.getElementById("connection").hidden = false;
    }
    setTimeout(poll, failures > 3 || document.hidden ? SLOW_POLL_MS : POLL_MS);
  }

  function prepare() {
    for (const button of document.querySelectorAll("button[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", () => copy(button));
    }
    const done = document.getElementById("return-link");
    if (done && data().redirect === "true" && !redirecting) startRedirect(done);
    tick();
  }

  async function copy(button) {
    const label = button.dataset.label || button.textContent;
    button.dataset.label = label;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
      say(`${button.getAttribute("aria-label")}: copied`);
    } catch {
      const field = document.getElementById(button.dataset.field);
      getSelection().selectAllChildren(field);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => (button.textContent = label), 2000);
  }

  function startRedirect(link) {
    let leftS = REDIRECT_S;
    const note = document.getElementById("redirect-note");
    const stop = document.getElementById("redirect-stop");
    note.hidden = false;
    const show = () => (document.getElementById("redirect-seconds").textContent = String(leftS));
    show();
    redirecting = setInterval(() => {
      leftS -= 1;
      show();
      if (leftS <= 0) {
        clearInterval(redirecting);
        location.assign(link.href);
      }
    }, 1000);
    stop.addEventListener("click", () => {
      clearInterval(redirecting);
      note.hidden = true;
    });
  }

  prepare();
  setInterval(tick, 1000);
  setTimeout(poll, POLL_MS);
})();
