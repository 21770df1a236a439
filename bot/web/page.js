// Shows the cited sentence beside the conversation. Without this script a marker is an ordinary link to the same place.
const left = document.getElementById("left");
const panel = document.getElementById("panel");
const frame = document.getElementById("document");
const closer = document.getElementById("panel-close");
const alone = document.getElementById("panel-alone");
const conversation = document.getElementById("conversation");
const announcement = document.getElementById("status");
const wide = matchMedia("(min-width: 900px)");
const QUESTION = "#question textarea";
const LINKS = 'a[href^="./documents/"]';
const ABOVE = 14; // pixels that stay free above a question
const root = new URL(document.baseURI).pathname; // below a proxy's path the site has no other

// Gradio's own switch, ?__theme=dark, goes for our parts too; without it all follow the system.
const asked = new URLSearchParams(location.search).get("__theme");
const theme = ["light", "dark"].includes(asked) ? asked : "auto";
document.documentElement.dataset.theme = theme;
if (theme !== "auto") frame.src = `./documents?theme=${theme}`;

let shown = null; // the address in the panel
let newest = null; // which answer was the last one when we looked
let opener = null; // what opened the sheet, on a phone
let restored = false; // whether an unsent question was put back
let led = 0; // how many questions there were when we last put one at the top
let away = false; // whether the reader has touched the conversation since

function show(address) {
  shown = address;
  const target = new URL(address, document.baseURI);
  target.searchParams.set("theme", theme);
  frame.contentWindow.location.replace(target);
  alone.href = address;
  markCurrent();
}

function markCurrent() {
  for (const link of conversation.querySelectorAll(LINKS)) {
    // "[1]" alone says little, and Gradio's sanitiser drops an aria-label that we send.
    if (link.title && link.ariaLabel !== link.title) link.ariaLabel = link.title;
    if (link.getAttribute("href") === shown) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

conversation.addEventListener("click", (event) => {
  const link = event.target.closest(LINKS);
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  show(link.getAttribute("href"));
  announcement.textContent = `${announcement.dataset.shown} ${link.title || link.textContent}`;
  openSheet(link);
});

function openSheet(from) {
  if (wide.matches) return;
  opener = from;
  panel.classList.add("open");
  left.inert = true;
  closer.focus();
}

function closeSheet() {
  if (!left.inert) return;
  panel.classList.remove("open");
  left.inert = false;
  opener.focus();
}

document.getElementById("panel-open").addEventListener("click", (event) => openSheet(event.currentTarget));
closer.addEventListener("click", closeSheet);
wide.addEventListener("change", closeSheet);
addEventListener("keydown", (event) => event.key === "Escape" && closeSheet());

// Links inside the panel lead on by themselves; its own address follows.
frame.addEventListener("load", () => {
  const { pathname, hash } = frame.contentWindow.location;
  if (pathname.startsWith(`${root}documents`)) alone.href = pathname + hash;
});

// What Gradio says in English alone, and our own labels until the server has told the page their language.
const spoken = Object.entries(JSON.parse(conversation.dataset.gradio));
const SAID = ".toast-title, [data-testid='toast-text'], #question label > span, #copied label > span, #conversation button, #conversation .error";

function inOurWords(text) {
  return spoken.find(([english]) => text === english || (english.endsWith(":") && text.startsWith(english)))?.[1] ?? text;
}

function translate() {
  for (const place of conversation.querySelectorAll(SAID))
    for (const node of place.childNodes) {
      const said = node.nodeType === Node.TEXT_NODE ? node.data.trim() : "";
      if (said && inOurWords(said) !== said) node.data = inOurWords(said);
    }
  for (const close of conversation.querySelectorAll(".toast-close"))
    if (close.ariaLabel && inOurWords(close.ariaLabel) !== close.ariaLabel) close.ariaLabel = inOurWords(close.ariaLabel);
  for (const example of conversation.querySelectorAll(".example")) // "Select example 1: ..." says no more than its text
    if (example.ariaLabel !== example.textContent.trim()) example.ariaLabel = example.textContent.trim();
}

// The newest question goes to the top, so that its reply is read from its beginning; who scrolls away is left there. What the
// reader does tells that, not where the conversation stands: the browser moves it too, when something above or below goes.
function lead() {
  const log = conversation.querySelector('[role="log"]');
  const questions = log ? log.querySelectorAll('[data-testid="user"]') : [];
  if (questions.length !== led) away = false;
  led = questions.length;
  if (!led || away) return;
  log.scrollTop += questions[led - 1].getBoundingClientRect().top - log.getBoundingClientRect().top - ABOVE;
}
const sizes = new ResizeObserver(lead); // what is laid out late moves it as well
for (const done of ["wheel", "touchmove", "pointerdown", "keydown"])
  conversation.addEventListener(done, (event) => (away ||= Boolean(event.target.closest("#chat"))), { capture: true, passive: true });

// A new answer shows its first citation at once. Gradio names each message by its markup;
// a screen reader needs a word.
new MutationObserver(() => {
  restoreDraft();
  for (const message of conversation.querySelectorAll('[data-testid="bot"], [data-testid="user"]')) {
    const name = message.dataset.testid === "bot" ? conversation.dataset.reply : conversation.dataset.question;
    if (message.ariaLabel !== name) Object.assign(message, { role: "group", ariaLabel: name });
  }
  const log = conversation.querySelector('[role="log"]');
  if (log && log.ariaLabel !== conversation.dataset.log) log.ariaLabel = conversation.dataset.log;
  if (log) for (const part of [log, ...log.children]) sizes.observe(part); // again is no more than once
  lead();
  const down = conversation.querySelector(".scroll-down-button-container button"); // named in English by Gradio
  if (down && down.title !== conversation.dataset.down) Object.assign(down, { title: conversation.dataset.down, ariaLabel: conversation.dataset.down });
  conversation.querySelector('.examples[role="list"]')?.setAttribute("role", "group"); // of buttons, which are no items of a list
  translate();
  const answers = conversation.querySelectorAll(".answer");
  const first = answers[answers.length - 1]?.querySelector(".marker")?.getAttribute("href");
  const now = `${answers.length} ${first}`;
  if (first && now !== newest) show(first);
  else markCurrent();
  newest = now;
}).observe(conversation, { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"] });

conversation.addEventListener("click", async (event) => {
  const button = event.target.closest("#copy");
  if (!button) return;
  try {
    await copy(conversation.querySelector("#copied textarea").value);
    announcement.textContent = announcement.dataset.copied;
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 2000);
  } catch {
    announcement.textContent = announcement.dataset.copyRefused;
  }
});

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea"); // plain http from another machine has no clipboard
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("not allowed");
}

// These buttons vanish or have done their work: the next thing is to type.
conversation.addEventListener("click", (event) => {
  const used = event.target.closest("#ask, #stop, #new, .example, .option");
  if (used && (wide.matches || event.detail === 0)) conversation.querySelector(QUESTION).focus();
});

// When a lost connection is found again Gradio loads the page anew; what was typed must not be lost with it.
addEventListener("pagehide", () => storage((store) => store.setItem("draft", conversation.querySelector(QUESTION)?.value ?? "")));

function restoreDraft() {
  const box = conversation.querySelector(QUESTION);
  if (restored || !box) return;
  restored = true;
  const draft = linkedQuestion() ?? storage((store) => store.getItem("draft"));
  if (!draft || box.value) return;
  box.value = draft;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

// Gradio names the browser's language as the page's, which may be another.
function keepLanguage() {
  const { language } = document.body.dataset;
  if (document.documentElement.lang !== language) document.documentElement.lang = language;
}
new MutationObserver(keepLanguage).observe(document.documentElement, { attributeFilter: ["lang"] });
keepLanguage();

// The server chooses the page's language by this cookie, and by the browser without it.
document.getElementById("language").addEventListener("change", (event) => {
  document.cookie = `language=${event.target.value}; path=${root}; max-age=31536000; samesite=lax`;
  location.reload();
});

// A link may bring a question, as a report's failures do. It fills the box once; only the reader sends it.
function linkedQuestion() {
  const address = new URL(location.href);
  const question = address.searchParams.get("q");
  address.searchParams.delete("q");
  if (question !== null) history.replaceState(history.state, "", address);
  return question;
}

function storage(use) {
  try {
    return use(sessionStorage);
  } catch {
    return null; // the browser keeps nothing: so be it
  }
}
