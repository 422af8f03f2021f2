// Keeps an open page current: hears of changes by server-sent events, and fetches what changed. Without it the page
// is whole, and reloads itself once a minute.
"use strict";
(() => {
  const page = document.documentElement;
  const root = document.body.dataset.root;
  const live = document.getElementById("live");
  const SILENT = 40000, AGAIN = 5000, BETWEEN = 1500; // milliseconds
  const shown = new Map(); // what each part was put as, so that what is the same stays in its place
  let source, silence, told = "", busy = false, wanted = false;

  function say(state, text) {
    live.hidden = false;
    if (live.className !== state) {
      live.className = state;
      live.textContent = text;
    }
  }

  // Times are written in UTC; here they become those of the reader.
  function localise(part) {
    const today = new Date().toDateString();
    for (const time of part.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = at.toLocaleString();
      time.textContent = at.toDateString() === today ? at.toLocaleTimeString()
        : at.toLocaleString([], {dateStyle: "medium", timeStyle: "short"});
    }
  }

  function put(id, html) {
    const old = document.getElementById(id);
    if (!old || shown.get(id) === html) return;
    shown.set(id, html);
    const made = document.createElement("template");
    made.innerHTML = html;
    localise(made.content);
    const focused = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const turned = old.className !== made.content.firstElementChild.className;
    old.replaceWith(made.content);
    const now = document.getElementById(id);
    if (turned) now.classList.add("turned");
    if (focused) [...now.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
  }

  async function rows() {
    const answer = await fetch(`${root}fragments?since=${encodeURIComponent(page.dataset.version)}`);
    if (!answer.ok) throw new Error(String(answer.status));
    const news = await answer.json();
    if (news.reload) return location.reload();
    for (const [id, html] of Object.entries(news.parts)) put(id, html);
    tell();
    page.dataset.version = news.version;
  }

  async function whole() {
    const answer = await fetch(location.href);
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    localise(fresh);
    const places = () => [...document.querySelectorAll("main a, main .scroll")];
    const focused = places().indexOf(document.activeElement);
    const left = document.querySelector("main .scroll")?.scrollLeft;
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    places()[focused]?.focus({preventScroll: true});
    if (left) document.querySelector("main .scroll").scrollLeft = left;
    page.dataset.version = fresh.documentElement.dataset.version;
    tell();
  }

  // To those who listen: the sentence at the head, and that only when it is another one.
  function headline() {
    return [...document.querySelectorAll("#summary h1, #summary > .state")].map((part) => part.textContent).join(": ");
  }

  function tell() {
    const sentence = headline();
    if (sentence !== told) document.getElementById("said").textContent = told = sentence;
  }

  async function refresh() {
    if (busy || document.hidden) {
      wanted = true;
      return;
    }
    busy = true;
    wanted = false;
    try {
      await (page.dataset.row ? whole() : rows());
    } catch {
      wanted = true;
    }
    setTimeout(() => {
      busy = false;
      if (wanted) refresh();
    }, BETWEEN);
  }

  function heard() {
    say("fresh", "Live");
    clearTimeout(silence);
    silence = setTimeout(lost, SILENT);
  }

  function lost() {
    say("stale", "Stale: connection lost");
    clearTimeout(silence);
    source.close();
    silence = setTimeout(listen, AGAIN);
  }

  function listen() {
    source = new EventSource(`${root}events`);
    source.addEventListener("hello", (event) => {
      heard();
      if (event.data !== page.dataset.version) refresh();
    });
    source.addEventListener("beat", heard);
    source.addEventListener("change", (event) => {
      heard();
      const news = JSON.parse(event.data);
      if (!page.dataset.row || ["summary", page.dataset.row].some((id) => news.changed.includes(id))) refresh();
    });
    source.addEventListener("reload", () => location.reload());
    source.onerror = lost;
    clearTimeout(silence);
    silence = setTimeout(lost, SILENT);
  }

  document.addEventListener("visibilitychange", () => wanted && refresh());
  document.getElementById("zone").textContent = "";
  localise(document);
  told = headline();
  listen();
})();
