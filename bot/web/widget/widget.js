// The chat in other people's pages: <script src="https://host/widget.js" defer></script>, or an element <sco-chat>.
// Turns what the chat's API answers into elements of a shadow tree. It decides nothing and trusts no text: whatever came
// from elsewhere, stored conversations included, is set as text, never as markup. It needs no cookie, and calls no host
// but the one that it came from (data-api-url). docs/embedding.md describes every attribute, call and event.
(() => {
  "use strict";

  const OPTIONS = [
    "api-url",
    "mode",
    "position",
    "language",
    "theme",
    "primary-color",
    "title",
    "greeting",
    "placeholder",
    "example-questions",
    "open-on-load",
    "persist",
  ];
  const POSITIONS = ["bottom-right", "bottom-left", "top-right", "top-left"];
  const PRIMARY = "#145374"; // the chat page's own
  const PAPER = { light: [255, 255, 255], dark: [20, 25, 30] }; // as in STYLE
  const INK = { light: [27, 37, 48], dark: [231, 235, 239] };
  const CONTRAST = { light: 5.5, dark: 8 }; // of coloured words on paper: the 4.5 of WCAG AA, and room for a tinted ground
  const MAX_QUESTION = 2000; // characters; the server takes no more
  const MAX_TURNS = 20; // exchanges that are kept and sent along; the server reads no more
  const MAX_EVENT = 4_000_000; // characters of one event of a stream; a hundred times the longest reply seen
  const STARTING = 2; // seconds until a server that is starting is asked again
  const PATIENCE = 300; // seconds that are waited for it; a first start takes two minutes
  const STALLED = 60; // seconds without a byte after which an answer is given up; the server itself gives up after 45
  const NARROW = matchMedia("(max-width: 640px)"); // a phone, where the chat fills the screen
  const script = document.currentScript ?? document.querySelector('script[src*="widget.js"]');
  const BASE = new URL(".", script?.src || location.href).href;

  // --- words

  const WORDS = {
    en: {
      title: "Ask the documents",
      greeting:
        "What would you like to know? The answer comes in the exact sentences of the documents, each with its source, or not at all.",
      question: "Your question",
      placeholder: "Type a question",
      ask: "Ask",
      stop: "Stop",
      close: "Close",
      anew: "New conversation",
      conversation: "Conversation",
      asked: "Question",
      reply: "Reply",
      searching: "Searching the documents…",
      understood: "Understood as: {0}",
      filtered: "Only documents that meet: {0}",
      filters: {
        since: "since {0}",
        until: "until {0}",
        speaker: "speaker {0}",
        kind: "kind {0}",
        document: "document {0}",
        latest: "the latest",
      },
      worded: "Worded by a chat model. Every sentence was held against what it cites.",
      sources: "Sources",
      source: "Source {0}",
      also: "Also in",
      nearest: "Nearest passages, not an answer",
      passage: "Passage, not an answer",
      next: "You could ask next",
      point: "point {0}",
      page: "p. {0}",
      paragraph: "paragraph {0}",
      earlier: "Previous source",
      later: "Next source",
      open: "Read it in the document",
      tab: "opens in a new tab",
      all: "All documents",
      stopped: "Stopped before an answer came.",
      again: "Try again",
      right: "Was this right?",
      yes: "Yes",
      no: "No",
      verdicts: {
        wrong_answer: "The answer is wrong",
        wrong_source: "The source is wrong",
        not_in_documents: "The documents do not say this",
      },
      note: "A note, if you like",
      thanks: "Thank you. It was noted.",
      errors: {
        unreachable: "The chat at {0} cannot be reached. It may be switched off, or the connection may be down.",
        mixed_content: "This page came over https, so the browser does not let it reach the chat at {0}, which has no https.",
        blocked_by_policy:
          "This page's Content-Security-Policy does not let it reach the chat at {0}. It has to allow it under connect-src.",
        origin_not_allowed:
          "This page may not show the chat: the chat at {0} does not list this page's address, {1}, among those that may.",
        wrong_address: "There is no chat at {0}.",
        not_json: "The address {0} answered with something else than the chat's data, perhaps a web page of a proxy or a login.",
        broken_stream: "The answer arrived damaged, so it is not shown.",
        cut_off: "The connection was lost before the answer was complete.",
        stalled: "No answer came for {2} seconds, so it was given up.",
        failed: "The chat at {0} could not answer this because of an error of its own.",
        loading: "The chat at {0} is still starting.",
        refused: "{2}",
      },
      starting: "The chat is starting. It goes on by itself…",
      refusals: {
        busy: "{2}",
        rate_limited: "{2}",
        too_slow: "{2}",
        index_unreachable: "{2}",
        failed: "{2}",
        question_refused: "{2}",
        invalid_request: "{2}",
        too_large: "{2}",
        not_kept: "{2}",
        no_feedback: "{2}",
        other_host: "{2}",
      },
    },
    ru: {
      title: "Спросить документы",
      greeting: "Что вы хотите узнать? Ответ приводится точными предложениями из документов, с указанием источника, или не даётся вовсе.",
      question: "Ваш вопрос",
      placeholder: "Введите вопрос",
      ask: "Спросить",
      stop: "Остановить",
      close: "Закрыть",
      anew: "Новый разговор",
      conversation: "Разговор",
      asked: "Вопрос",
      reply: "Ответ",
      searching: "Идёт поиск по документам…",
      understood: "Понято как: {0}",
      filtered: "Только документы: {0}",
      filters: { since: "с {0}", until: "по {0}", speaker: "автор {0}", kind: "вид {0}", document: "документ {0}", latest: "самые новые" },
      worded: "Сформулировано языковой моделью. Каждое предложение сверено с тем, на что оно ссылается.",
      sources: "Источники",
      source: "Источник {0}",
      also: "Также:",
      nearest: "Ближайшие места, не ответ",
      passage: "Место в документе, не ответ",
      next: "Можно спросить дальше",
      point: "пункт {0}",
      page: "стр. {0}",
      paragraph: "абзац {0}",
      earlier: "Предыдущий источник",
      later: "Следующий источник",
      open: "Читать в документе",
      tab: "откроется в новой вкладке",
      all: "Все документы",
      stopped: "Остановлено до получения ответа.",
      again: "Повторить",
      right: "Ответ верен?",
      yes: "Да",
      no: "Нет",
      verdicts: { wrong_answer: "Неверен ответ", wrong_source: "Неверен источник", not_in_documents: "В документах этого нет" },
      note: "Примечание, если хотите",
      thanks: "Спасибо, записано.",
      errors: {
        unreachable: "Чат по адресу {0} недоступен. Возможно, он выключен или нет соединения.",
        mixed_content: "Эта страница загружена по https, поэтому браузер не допускает её к чату {0}, у которого нет https.",
        blocked_by_policy: "Content-Security-Policy этой страницы не допускает её к чату {0}. Его нужно разрешить в connect-src.",
        origin_not_allowed: "Эта страница не может показывать чат: адреса {1} нет среди тех, которым чат {0} это разрешает.",
        wrong_address: "По адресу {0} чата нет.",
        not_json: "Адрес {0} прислал не данные чата, а что-то другое: возможно, страницу прокси или входа.",
        broken_stream: "Ответ пришёл повреждённым, поэтому он не показан.",
        cut_off: "Соединение прервалось раньше, чем ответ пришёл целиком.",
        stalled: "Ответа не было {2} секунд, ожидание прекращено.",
        failed: "Чат {0} не смог ответить из-за собственной ошибки.",
        loading: "Чат {0} ещё запускается.",
        refused: "Чат отказал, пояснив по-английски: {2}",
      },
      starting: "Чат запускается. Он продолжит сам…",
      refusals: {
        busy: "Сейчас ждёт ответа слишком много вопросов. Спросите ещё раз через несколько секунд.",
        rate_limited: "Слишком много запросов за минуту. Попробуйте ещё раз немного позже.",
        too_slow: "Ответ не был готов вовремя. Спросите ещё раз или короче.",
        index_unreachable: "Документы сейчас недоступны, поэтому поиск не выполнялся. Спросите ещё раз через минуту.",
        failed: "Произошла ошибка на стороне чата, она записана. Попробуйте ещё раз.",
        question_refused: "В вопросе должны быть слова и не больше 2000 знаков. Измените его и спросите ещё раз.",
        invalid_request: "Чат не смог прочитать этот запрос. Обновите страницу и попробуйте ещё раз.",
        too_large: "Отправлено слишком много сразу. Начните новый разговор.",
        not_kept: "Отзыв не удалось записать. Сообщите об этом владельцу чата.",
        no_feedback: "Этот чат не собирает отзывы.",
        other_host: "Этот чат отвечает только своему компьютеру.",
      },
    },
    zh: {
      title: "查询文件",
      greeting: "您想了解什么？回答只用文件中的原句，并逐句注明出处；文件中没有的，不作回答。",
      question: "您的问题",
      placeholder: "请输入问题",
      ask: "提问",
      stop: "停止",
      close: "关闭",
      anew: "新对话",
      conversation: "对话",
      asked: "问题",
      reply: "回答",
      searching: "正在查找文件……",
      understood: "理解为：{0}",
      filtered: "仅限文件：{0}",
      filters: { since: "自 {0} 起", until: "至 {0} 止", speaker: "发言人 {0}", kind: "类型 {0}", document: "文件 {0}", latest: "最新" },
      worded: "由语言模型表述，每句话都已与所引原文核对。",
      sources: "出处",
      source: "出处 {0}",
      also: "另见",
      nearest: "最接近的段落，并非回答",
      passage: "文件段落，并非回答",
      next: "接下来可以问",
      point: "第 {0} 点",
      page: "第 {0} 页",
      paragraph: "第 {0} 段",
      earlier: "上一个出处",
      later: "下一个出处",
      open: "在文件中阅读",
      tab: "在新标签页中打开",
      all: "全部文件",
      stopped: "已停止，尚未得到回答。",
      again: "重试",
      right: "回答正确吗？",
      yes: "正确",
      no: "不正确",
      verdicts: { wrong_answer: "回答有误", wrong_source: "出处有误", not_in_documents: "文件中没有这些内容" },
      note: "可在此补充说明",
      thanks: "谢谢，已记录。",
      errors: {
        unreachable: "无法连接 {0} 的问答服务。服务可能未开启，或网络已断开。",
        mixed_content: "本页面通过 https 加载，浏览器不允许它连接没有 https 的问答服务 {0}。",
        blocked_by_policy: "本页面的 Content-Security-Policy 不允许连接问答服务 {0}，需要在 connect-src 中放行。",
        origin_not_allowed: "本页面不能显示问答：{0} 的允许名单中没有本页面的地址 {1}。",
        wrong_address: "{0} 没有问答服务。",
        not_json: "{0} 返回的不是问答数据，可能是代理或登录页面。",
        broken_stream: "收到的回答已损坏，因此不予显示。",
        cut_off: "回答尚未完整，连接已中断。",
        stalled: "{2} 秒内没有收到回答，已停止等待。",
        failed: "问答服务 {0} 自身出错，未能回答。",
        loading: "问答服务 {0} 仍在启动。",
        refused: "问答服务拒绝了请求，并用英文说明：{2}",
      },
      starting: "问答服务正在启动，稍后会自动继续……",
      refusals: {
        busy: "目前等待的问题太多，请过几秒再问。",
        rate_limited: "一分钟内的请求太多，请稍后再试。",
        too_slow: "未能及时得到回答，请再问一次或问得简短些。",
        index_unreachable: "目前无法访问文件，因此没有进行查找。请一分钟后再问。",
        failed: "问答服务出错，已记录。请再试一次。",
        question_refused: "问题中要有文字，且不超过 2000 个字符。请修改后再问。",
        invalid_request: "问答服务无法读取此请求。请刷新页面后再试。",
        too_large: "一次发送的内容太多。请开始新对话。",
        not_kept: "反馈未能保存。请告知本服务的管理者。",
        no_feedback: "本服务不收集反馈。",
        other_host: "此问答服务仅供其所在的计算机使用。",
      },
    },
  };

  const fill = (template, ...values) => template.replace(/\{(\d)\}/g, (_, place) => values[place] ?? "");

  // What documents are called; a kind that is not here stays as the library has it. The same as in prompts/languages/.
  const KINDS = {
    document: { ru: "документ", zh: "文件" },
    speech: { ru: "выступление", zh: "讲话" },
    remarks: { ru: "выступление", zh: "发言" },
    address: { ru: "обращение", zh: "致辞" },
    report: { ru: "отчёт", zh: "报告" },
    statement: { ru: "заявление", zh: "声明" },
    declaration: { ru: "декларация", zh: "宣言" },
    communique: { ru: "коммюнике", zh: "公报" },
    "communiqué": { ru: "коммюнике", zh: "公报" },
    "press release": { ru: "пресс-релиз", zh: "新闻稿" },
    "news item": { ru: "новость", zh: "新闻" },
    article: { ru: "статья", zh: "文章" },
    interview: { ru: "интервью", zh: "访谈" },
    message: { ru: "послание", zh: "致函" },
    letter: { ru: "письмо", zh: "信函" },
    agreement: { ru: "соглашение", zh: "协定" },
    treaty: { ru: "договор", zh: "条约" },
    convention: { ru: "конвенция", zh: "公约" },
    charter: { ru: "хартия", zh: "宪章" },
    protocol: { ru: "протокол", zh: "议定书" },
    memorandum: { ru: "меморандум", zh: "备忘录" },
    resolution: { ru: "резолюция", zh: "决议" },
    decision: { ru: "решение", zh: "决定" },
    programme: { ru: "программа", zh: "纲要" },
    strategy: { ru: "стратегия", zh: "战略" },
    concept: { ru: "концепция", zh: "构想" },
    "action plan": { ru: "план действий", zh: "行动计划" },
    transcript: { ru: "стенограмма", zh: "文字记录" },
  };
  const kindIn = (kind, language) => (Object.hasOwn(KINDS, kind.toLowerCase()) && KINDS[kind.toLowerCase()][language]) || kind;

  // A name for a conversation, by which the server tells it from others of the same address.
  const newName = () => [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join("");

  // --- the API

  class Failure extends Error {
    // What went wrong, as a code of WORDS.en.errors or "stopped". `said` is the server's own sentence, and `reason` the code that
    // it gave; `detail` is for the console.
    constructor(code, detail = "", said = "", reason = "") {
      super(detail || code);
      Object.assign(this, { code, detail, said, reason });
    }
  }

  const blocked = new Set(); // origins that the page's own policy kept us from
  document.addEventListener("securitypolicyviolation", (event) => {
    if (event.effectiveDirective !== "connect-src") return;
    try {
      blocked.add(new URL(event.blockedURI).origin);
    } catch {
      // "inline" and the like: no address of ours
    }
  });

  // Gives up a request when it is told to stop, or when nothing was heard of it for STALLED seconds.
  function watch(stop) {
    const control = new AbortController();
    let timer;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => control.abort(new Failure("stalled")), STALLED * 1000);
    };
    stop?.addEventListener("abort", () => control.abort(stop.reason));
    alive();
    return { signal: control.signal, alive, end: () => clearTimeout(timer) };
  }

  async function request(api, path, init, watched) {
    if (!api.startsWith("http")) throw new Failure("wrong_address", "data-api-url is no address of http or https");
    try {
      return await fetch(api + path, { credentials: "omit", cache: "no-store", signal: watched.signal, ...init });
    } catch (error) {
      if (watched.signal.aborted) throw watched.signal.reason;
      await new Promise((later) => setTimeout(later)); // the browser tells of a policy's refusal after the failure
      const { origin, protocol } = new URL(api);
      if (blocked.has(origin)) throw new Failure("blocked_by_policy", `connect-src has to hold ${origin}`);
      const unsafe = location.protocol === "https:" && protocol === "http:";
      throw new Failure(unsafe ? "mixed_content" : "unreachable", `${path}: ${error.message}`);
    }
  }

  const sentences = (error) => [text(error?.message), text(error?.what_to_do)].join(" ").trim();

  // The error that a response without an answer stands for: the server's own words where it has any.
  async function refusal(response) {
    const detail = `${response.url} answered ${response.status}`;
    const error = await response.json().then(
      (json) => json?.error,
      () => null,
    );
    const said = sentences(error);
    const reason = text(error?.code);
    if (said) return new Failure(reason === "loading" ? "loading" : "refused", `${detail}, ${reason}`, said, reason);
    return new Failure(response.status === 404 ? "wrong_address" : response.status >= 500 ? "failed" : "not_json", detail);
  }

  const notOurs = (response) =>
    new Failure("not_json", `${response.url} answered with ${response.headers.get("Content-Type") || "no type"}`);

  // Resolves if this page may ask; fails with what stands in the way. Every page may read this one address.
  async function check(api) {
    const watched = watch();
    try {
      const response = await request(api, `/api/embedding?origin=${encodeURIComponent(location.origin)}`, {}, watched).catch(
        async (failure) => {
          throw failure.code === "unreachable" && (await answers(api)) ? new Failure("wrong_address", failure.detail) : failure;
        },
      );
      if (!response.ok) throw await refusal(response);
      const told = await response.json().catch(() => null);
      if (typeof told?.allowed !== "boolean") throw notOurs(response);
      const sameSite = new URL(api).origin === location.origin; // may always ask; behind a proxy the server need not know
      if (!told.allowed && !sameSite) throw new Failure("origin_not_allowed", text(told.message));
    } finally {
      watched.end();
    }
  }

  // Whether some server answers at the chat's host: what it answers a script may not read, unless it is the chat.
  const answers = (api) =>
    fetch(`${new URL(api).origin}/widget.js`, { mode: "no-cors", credentials: "omit" }).then(
      () => true,
      () => false,
    );

  // Sends what a visitor thinks of a reply.
  async function judge(api, judgment) {
    const watched = watch();
    try {
      const init = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(judgment) };
      const response = await request(api, "/api/feedback", init, watched);
      if (!response.ok) throw await refusal(response);
    } finally {
      watched.end();
    }
  }

  // Yields the events of an answer; fails if they do not end as an answer does.
  async function* converse(api, asked, stop) {
    const watched = watch(stop);
    const body = JSON.stringify({ ...asked, stream: true });
    try {
      const init = { method: "POST", headers: { "Content-Type": "application/json", Accept: "text/event-stream" }, body };
      // A refused origin looks like a dead server to a script; the one address that all may read tells them apart.
      const response = await request(api, "/api/chat", init, watched).catch(async (failure) => {
        if (failure.code === "unreachable") await check(api);
        throw failure;
      });
      if (!response.ok) throw await refusal(response);
      if (!/^text\/event-stream\b/.test(response.headers.get("Content-Type"))) throw notOurs(response);
      for await (const data of serverSentEvents(response.body, watched)) {
        const event = parsed(data);
        if (event.type === "error") {
          const [said, reason] = [sentences(event), text(event.code)];
          throw new Failure(said ? "refused" : "failed", reason, said, reason);
        }
        yield event;
        if (event.type === "end" || event.type === "abstain") return;
      }
      throw new Failure("cut_off", "the stream ended without its last event");
    } finally {
      watched.end();
    }
  }

  // Yields what `events` gives, once the server has started; `told` is called while it has not.
  async function* onceStarted(events, told, stop) {
    for (let waited = 0; ; waited += STARTING) {
      try {
        return yield* events();
      } catch (failure) {
        if (failure.code !== "loading" || waited >= PATIENCE) throw failure;
      }
      told();
      await new Promise((later, sooner) => {
        const timer = setTimeout(later, STARTING * 1000);
        stop?.addEventListener("abort", () => (clearTimeout(timer), sooner(stop.reason)), { once: true });
      });
    }
  }

  async function* serverSentEvents(stream, watched) {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        watched.alive();
        const blocks = (rest + value).split(/\r\n\r\n|\n\n|\r\r/);
        rest = blocks.pop();
        if (rest.length > MAX_EVENT) throw new Failure("broken_stream", "an event without an end");
        for (const block of blocks) {
          const data = block
            .split(/\r\n|\n|\r/)
            .filter((line) => line.startsWith("data:"))
            .map((line) => line.slice(5).replace(/^ /, ""));
          if (data.length) yield data.join("\n");
        }
      }
    } catch (error) {
      if (watched.signal.aborted) throw watched.signal.reason;
      throw error instanceof Failure ? error : new Failure("cut_off", `${error.message}`);
    } finally {
      reader.cancel().catch(() => {}); // it was over already
    }
  }

  function parsed(data) {
    try {
      const event = JSON.parse(data);
      if (typeof event?.type === "string") return event;
    } catch {
      // told below
    }
    throw new Failure("broken_stream", `not an event: ${data.slice(0, 80)}`);
  }

  // --- reading replies: only what is shown, and only of the kind that it is shown as

  const text = (value) => (typeof value === "string" ? value : "");
  const list = (value) => (Array.isArray(value) ? value : []);

  function readReply(json) {
    if (!["answer", "abstention", "courtesy"].includes(json?.kind) || typeof json.answer !== "string") {
      throw new Failure("broken_stream", "the reply is not of the documented form");
    }
    const characters = [...json.answer]; // offsets count characters, not JavaScript's units of 16 bits
    let end = 0;
    const sentences = list(json.sentences).map((sentence) => {
      const opens = end > 0 && characters.slice(end, sentence?.start_index).join("").includes("\n\n");
      end = sentence?.end_index;
      return { text: text(sentence?.text), markers: list(sentence?.citations), opens };
    });
    return {
      kind: json.kind,
      answer: json.answer,
      sentences,
      understood: text(json.standalone_question) === text(json.question) ? "" : text(json.standalone_question),
      filters: list(json.filters).map((one) => ({ field: text(one?.field), value: text(one?.value) })),
      note: text(json.note),
      byModel: json.mode === "llm",
      places: list(json.citations).map(readPlace),
      nearest: list(json.nearest).map(readPlace),
      suggestions: list(json.suggestions).filter((one) => text(one)),
    };
  }

  // A cited sentence, or a passage, which has no marker.
  function readPlace(json) {
    const address = text(json?.address);
    return {
      marker: Number(json?.index) || 0,
      also: json?.also === true,
      document: text(json?.document_id),
      title: text(json?.document_title),
      date: text(json?.document_date),
      kind: text(json?.document_kind),
      speaker: text(json?.document_speaker),
      printed: text(json?.printed_number),
      page: Number(json?.page) || 0,
      paragraph: /\/p(\d+)$/.exec(text(json?.paragraph_id))?.[1] ?? "",
      quote: text(json?.cited_text) || text(json?.sentence_text),
      address: /^\/documents\/[\w.~%-]+#p\d+s\d+$/.test(address) ? address : "", // so that it cannot lead to another site
      json,
    };
  }

  // "point 10", or "Article 3" where the number comes with its name, or "paragraph 3"; with the page, where there are pages.
  function pointOf(place, words) {
    const named = place.printed.includes(" ") || place.printed.startsWith("第");
    const point = named ? place.printed : place.printed ? fill(words.point, place.printed) : place.paragraph && fill(words.paragraph, place.paragraph);
    return place.page ? `${point}, ${fill(words.page, place.page)}` : point;
  }

  // --- colours

  const luminance = (colour) =>
    colour
      .map((part) => ((part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);

  function contrast(one, other) {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }

  // *colour*, in its own hue made darker on light paper and lighter on dark, as far as it takes to be read there.
  function legible(colour, scheme) {
    const [top, bottom] = [Math.max(...colour) / 255, Math.min(...colour) / 255];
    const middle = (top + bottom) / 2;
    const saturation = top === bottom ? 0 : (top - bottom) / (1 - Math.abs(2 * middle - 1));
    const pure = colour.map((part) => (top === bottom ? 0.5 : (part / 255 - bottom) / (top - bottom)));
    const goal = scheme === "light" ? 0 : 1;
    for (let step = 0; step < 20; step += 1) {
      const lightness = middle + ((goal - middle) * step) / 20;
      const half = (saturation * (1 - Math.abs(2 * lightness - 1))) / 2;
      const tried = pure.map((part) => Math.round(255 * (lightness + (2 * part - 1) * half)));
      if (contrast(tried, PAPER[scheme]) >= CONTRAST[scheme]) return tried;
    }
    return INK[scheme];
  }

  // Whatever CSS calls a colour, as red, green and blue; *element* is painted with it for a moment.
  function rgb(colour, element) {
    element.style.color = colour;
    const computed = /^rgba?\((\d+), (\d+), (\d+)/.exec(getComputedStyle(element).color);
    element.style.color = "";
    if (computed) return computed.slice(1).map(Number);
    // One of another colour space: a canvas converts it.
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }

  function palette(given) {
    const css = (colour) => `rgb(${colour.join(" ")})`;
    const both = (pick) => `light-dark(${css(pick("light"))}, ${css(pick("dark"))})`;
    const readable = (scheme) => legible(given, scheme);
    const fillOf = (scheme) => (scheme === "light" ? given : readable(scheme));
    const on = (scheme) => [PAPER.light, PAPER.dark].sort((a, b) => contrast(b, fillOf(scheme)) - contrast(a, fillOf(scheme)))[0];
    return { "--fill": both(fillOf), "--on-fill": both(on), "--accent": both(readable) };
  }

  // --- elements

  function el(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (typeof value === "function") element.addEventListener(name, value);
      else if (value !== undefined && value !== false && value !== "") element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== ""));
    return element;
  }

  const ICONS = {
    chat: "M4 5h16v11H10l-4 4v-4H4zM8 9h8M8 12h5",
    close: "M6 6l12 12M18 6L6 18",
    anew: "M12 5v14M5 12h14",
    earlier: "M14 6l-6 6 6 6",
    later: "M10 6l6 6-6 6",
    out: "M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9",
  };

  function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  const iconButton = (name, label, click, attributes) =>
    el("button", { type: "button", class: "icon", "aria-label": label, title: label, click, ...attributes }, icon(name));
  const newTab = { target: "_blank", rel: "noopener noreferrer" };

  const STYLE = `
    :host(:not([mode=inline], [data-mode=inline])) { all: initial !important; }
    :host { display: block; }
    :host([hidden]) { display: none !important; }
    .root {
      all: initial; display: block; color-scheme: light dark;
      --paper: var(--sco-chat-paper, light-dark(#fff, #14191e));
      --ink: var(--sco-chat-ink, light-dark(#1b2530, #e7ebef));
      --muted: var(--sco-chat-muted, light-dark(#556270, #a3afba));
      --line: var(--sco-chat-line, light-dark(#dbe1e6, #303942));
      --tint: var(--sco-chat-tint, light-dark(oklch(from var(--accent) 0.945 calc(c * 0.22) h), oklch(from var(--accent) 0.3 calc(c * 0.4) h)));
      --shade: light-dark(#f4f6f8, #1b2127);
      --warm: light-dark(#fdf6e3, #2b2618);
      --warm-line: light-dark(#c79a2b, #b08a34);
      --mark: light-dark(#fff3c4, #453a10);
      font: 400 15px/1.55 var(--sco-chat-font, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans SC", sans-serif);
      color: var(--ink); text-align: start; overflow-wrap: anywhere; -webkit-text-size-adjust: 100%;
    }
    .root[data-theme=light] { color-scheme: light; }
    .root[data-theme=dark] { color-scheme: dark; }
    .inline { height: min(var(--sco-chat-height, 600px), 100dvh); }
    *, *::before { box-sizing: border-box; }
    [hidden] { display: none !important; }
    button, textarea { font: inherit; color: inherit; }
    button { cursor: pointer; }
    a { color: var(--accent); text-underline-offset: 3px; }
    p, ul, h2, h3, blockquote { margin: 0; padding: 0; font-size: inherit; }
    ul { list-style: none; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    svg { display: block; width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }

    .launcher {
      position: fixed; z-index: var(--sco-chat-z-index, 2147483000); display: flex; align-items: center; gap: 10px;
      max-width: calc(100vw - 32px); min-height: 50px; padding: 0 20px 0 16px; border: 1px solid color-mix(in srgb, var(--on-fill) 25%, transparent); border-radius: 25px;
      background: var(--fill); color: var(--on-fill); font-weight: 600; box-shadow: 0 4px 18px rgb(0 0 0 / 0.22);
    }
    .launcher:hover { background: color-mix(in srgb, var(--fill) 88%, var(--on-fill)); }
    .launcher span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .launcher:focus-visible { outline-color: var(--paper); box-shadow: 0 0 0 5px var(--accent); }
    .bottom-right > .launcher, .bottom-right > .panel { right: var(--sco-chat-inset, 20px); bottom: var(--sco-chat-inset, 20px); }
    .bottom-left > .launcher, .bottom-left > .panel { left: var(--sco-chat-inset, 20px); bottom: var(--sco-chat-inset, 20px); }
    .top-right > .launcher, .top-right > .panel { right: var(--sco-chat-inset, 20px); top: var(--sco-chat-inset, 20px); }
    .top-left > .launcher, .top-left > .panel { left: var(--sco-chat-inset, 20px); top: var(--sco-chat-inset, 20px); }

    .panel {
      display: flex; flex-direction: column; position: relative; width: 100%; height: 100%; margin: 0; padding: 0; overflow: hidden;
      border: 1px solid var(--line); border-radius: var(--sco-chat-radius, 14px); background: var(--paper); color: var(--ink);
    }
    dialog.panel {
      position: fixed; inset: auto; z-index: var(--sco-chat-z-index, 2147483000); width: min(var(--sco-chat-width, 420px), calc(100vw - 32px));
      height: min(var(--sco-chat-height, 660px), calc(100dvh - 40px)); max-width: none; max-height: none; box-shadow: 0 12px 44px rgb(0 0 0 / 0.24);
    }
    dialog.panel:not([open]) { display: none; }
    dialog.panel::backdrop { background: none; }

    .bar { display: flex; align-items: center; gap: 4px; padding: 12px 10px 12px 18px; border-bottom: 1px solid var(--line); }
    .bar h2 { flex: 1; min-width: 0; font-size: 16px; line-height: 1.35; font-weight: 650; letter-spacing: -0.005em; }
    .icon { flex: none; display: grid; place-items: center; width: 36px; height: 36px; padding: 0; border: 0; border-radius: 9px; background: none; color: var(--muted); }
    .icon:hover { background: var(--tint); color: var(--accent); }
    .icon:disabled { opacity: 0.45; cursor: default; }

    .middle { position: relative; flex: 1; min-height: 0; display: flex; flex-direction: column; }
    .log { flex: 1; min-height: 0; padding: 18px 18px 10px; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin; }
    .log:focus-visible { outline-offset: -3px; }
    .welcome { margin-bottom: 18px; }
    .welcome p, .courtesy p, .notice p { white-space: pre-line; }
    .choices { display: flex; flex-direction: column; align-items: flex-start; gap: 8px; }
    .welcome .choices { margin-top: 14px; }
    .choices button { padding: 7px 13px; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); text-align: start; font-size: 14px; line-height: 1.4; }
    .choices button:hover { border-color: var(--accent); background: var(--tint); }
    .question { width: fit-content; max-width: 86%; margin: 0 0 14px auto; padding: 8px 14px; border-radius: 14px 14px 3px 14px; background: var(--tint); white-space: pre-wrap; }
    .reply { margin-bottom: 22px; }
    .reply > p { margin-bottom: 9px; }
    .abstention, .notice { padding: 12px 14px; border-inline-start: 3px solid var(--warm-line); border-radius: 0 9px 9px 0; background: var(--warm); }
    .notice { border-color: var(--muted); background: var(--shade); }
    .reply > :last-child { margin-bottom: 0; }
    .reply > .remark { color: var(--muted); font-size: 13px; }
    .label { margin-bottom: 5px; color: var(--muted); font-size: 12.5px; font-weight: 650; }
    .ending { white-space: nowrap; }
    .marker, .place { border: 0; border-radius: 5px; background: var(--tint); color: var(--accent); font-weight: 600; text-decoration: none; cursor: pointer; }
    .marker { margin-inline-start: 3px; padding: 2px 4px; font-size: 12.5px; vertical-align: 1px; }
    .marker:hover, .place:hover, .marker[aria-expanded=true], .place[aria-expanded=true] { background: var(--fill); color: var(--on-fill); }
    .sources { margin-top: 12px; padding-top: 9px; border-top: 1px solid var(--line); font-size: 13.5px; line-height: 1.45; }
    .sources li + li { margin-top: 9px; }
    .date, .where { color: var(--muted); }
    .date { white-space: nowrap; }
    .places { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 5px; }
    .place { padding: 3px 8px; font-size: 12.5px; font-weight: 400; }
    .place b { margin-inline-end: 4px; font-weight: 650; }
    .nearest { margin-top: 10px; font-size: 14px; line-height: 1.5; }
    .nearest li + li { margin-top: 9px; }
    .nearest a, .nearest button { display: inline; padding: 0; border: 0; background: none; color: var(--ink); text-align: start; text-decoration: underline var(--warm-line); text-underline-offset: 3px; }
    .where { display: block; font-size: 12.5px; }
    .tail { padding-bottom: 10px; }
    .feedback { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 10px; margin-top: 14px; color: var(--muted); font-size: 13px; }
    .feedback > button { min-height: 26px; padding: 1px 11px; border: 1px solid var(--line); border-radius: 8px; background: none; color: var(--ink); }
    .feedback > button:hover { border-color: var(--accent); background: var(--tint); }
    .feedback textarea { flex-basis: 100%; height: 64px; color: var(--ink); }
    .searching { color: var(--muted); }
    .notice .choices { margin-top: 10px; }

    .card {
      position: absolute; inset-inline: 8px; bottom: 8px; max-height: calc(100% - 16px); padding: 8px 8px 16px 16px; overflow-y: auto; overscroll-behavior: contain;
      border: 1px solid var(--line); border-radius: 12px; background: var(--paper); box-shadow: 0 6px 30px rgb(0 0 0 / 0.26);
    }
    .card .bar { gap: 0; margin: 0 0 6px; padding: 0; border: 0; }
    .card h3 { flex: 1; color: var(--muted); font-size: 13px; font-weight: 650; }
    .card blockquote {
      margin: 0 8px 12px 0; padding: 8px 12px; border-inline-start: 3px solid var(--warm-line); border-radius: 0 7px 7px 0; background: var(--mark);
      font: 400 16px/1.6 Charter, "Iowan Old Style", Georgia, "Noto Serif", "Noto Serif SC", serif; white-space: pre-wrap;
    }
    .card p { margin-inline-end: 8px; font-size: 14px; line-height: 1.45; }
    .card .where { margin: 2px 0 10px; font-size: 13px; }
    .card a { display: inline-flex; align-items: center; gap: 6px; font-size: 14px; font-weight: 600; }
    .card a svg { width: 15px; height: 15px; }

    form { display: flex; align-items: flex-end; gap: 8px; padding: 12px 14px 8px; border-top: 1px solid var(--line); }
    textarea {
      flex: 1; min-width: 0; height: 44px; max-height: 132px; margin: 0; padding: 10px 13px; resize: none; border: 1px solid light-dark(#8795a1, #687682); border-radius: 10px;
      background: var(--paper); font-size: 16px; line-height: 1.4; overflow-y: auto;
    }
    textarea::placeholder { color: var(--muted); opacity: 1; }
    textarea:focus-visible { outline-offset: -1px; }
    .send { flex: none; min-height: 44px; padding: 0 16px; border: 1px solid transparent; border-radius: 10px; background: var(--fill); color: var(--on-fill); font-weight: 600; }
    .send:hover { background: color-mix(in srgb, var(--fill) 88%, var(--on-fill)); }
    .send.stop { border-color: var(--muted); background: none; color: var(--ink); }
    .foot { padding: 0 18px 10px; font-size: 12.5px; color: var(--muted); }
    .foot a { color: inherit; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

    @media (max-width: 640px) {
      .launcher { padding: 0 15px; }
      .launcher span { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
      .root > dialog.panel { inset: 0; top: var(--seen-top, 0); width: 100vw; height: var(--seen-height, 100dvh); border: 0; border-radius: 0; box-shadow: none; }
      .icon { width: 44px; height: 44px; }
    }
    @media (prefers-reduced-motion: no-preference) {
      dialog.panel[open], .card { animation: rise 0.16s ease-out; }
      .searching { animation: late 0.5s; }
      @keyframes rise { from { opacity: 0; transform: translateY(8px); } }
      @keyframes late { from, 70% { opacity: 0; } }
    }
    @media (forced-colors: active) { .launcher, .send, .marker, .place, .question, .card { border: 1px solid; } }
    @media print { .launcher, dialog.panel { display: none !important; } }
  `;
  let sheet;

  // --- keeping a conversation

  const inUse = new Set(); // keys, so that two chats of one page do not write over each other

  // Reads and writes one key of the browser's storage, or keeps nothing where it is refused: a page lives without.
  const storage = (persist) => ({
    use(action) {
      try {
        return action(persist === "local" ? localStorage : sessionStorage);
      } catch {
        return null;
      }
    },
    read(key) {
      const kept = persist === "none" ? null : this.use((store) => JSON.parse(store.getItem(key)));
      return list(kept?.turns).flatMap((turn) => {
        try {
          return [{ question: text(turn?.question), json: turn?.reply, reply: readReply(turn?.reply) }];
        } catch {
          return []; // of an earlier form, or not ours
        }
      });
    },
    write(key, turns) {
      if (persist === "none") return;
      const kept = turns.map(({ question, json }) => ({ question, reply: json }));
      this.use((store) => (kept.length ? store.setItem(key, JSON.stringify({ turns: kept })) : store.removeItem(key)));
    },
  });

  // --- the element

  class Chat extends HTMLElement {
    static observedAttributes = OPTIONS.flatMap((name) => [name, `data-${name}`]);
    #shadow = this.attachShadow({ mode: "open" });
    #turns = []; // {question, json, reply}, answered ones only, oldest first
    #running = null; // the AbortController of the answer that is awaited
    #opener = null; // what had the focus before the chat was opened
    #cited = null; // the marker whose card is open
    #key = "";
    #name = newName();
    #leaving = null; // aborted when the element leaves the page: ends its listeners

    connectedCallback() {
      this.#key = `sco-chat:${this.#api}${this.id && `#${this.id}`}`;
      while (inUse.has(this.#key)) this.#key += "+";
      inUse.add(this.#key);
      this.#turns = storage(this.#option("persist")).read(this.#key);
      this.#build();
      this.#emit("ready", {});
      this.#check();
      const opens = this.getAttribute("data-open-on-load") ?? this.getAttribute("open-on-load") ?? "false";
      if (!["false", "off", "no"].includes(opens) && !NARROW.matches) this.#present(false);
    }

    disconnectedCallback() {
      this.#leave();
      inUse.delete(this.#key);
    }

    attributeChangedCallback(name, before, after) {
      if (!this.#leaving || before === after) return;
      const option = name.replace("data-", "");
      if (option === "theme") return void this.#root.setAttribute("data-theme", this.#option(option));
      if (option === "primary-color") return void this.#paint();
      const wasOpen = this.#dialog?.open;
      if (["api-url", "persist"].includes(option)) {
        this.disconnectedCallback(); // another conversation
        this.connectedCallback();
      } else this.#build();
      if (wasOpen) this.#present(false);
    }

    // --- what a page may call

    open() {
      if (!this.#dialog?.open) this.#present(true);
    }

    close() {
      if (!this.#dialog?.open) return;
      this.#dialog.close();
      this.#closed();
    }

    #closed() {
      if (this.#dialog.open || !this.#launcher.hidden) return; // told already
      this.#launcher.hidden = false;
      this.#launcher.setAttribute("aria-expanded", "false");
      const back = this.#opener?.isConnected && this.#opener !== document.body ? this.#opener : this.#launcher;
      (back === this ? this.#launcher : back).focus({ preventScroll: true });
      this.#emit("close", {});
    }

    toggle() {
      if (this.#dialog?.open) this.close();
      else this.open();
    }

    // Asks, or with {submit: false} only fills the box. Resolves to the reply, or to null if there is none.
    async ask(question, { submit = true } = {}) {
      this.open();
      if (submit) return this.#ask(`${question}`);
      this.#box.value = `${question}`;
      this.#fitBox();
      this.#box.focus({ preventScroll: true });
      return null;
    }

    clear() {
      this.#running?.abort(new Failure("stopped", "cleared"));
      this.#turns = [];
      this.#name = newName();
      this.#save();
      this.#redraw();
      this.#emit("reset", {});
    }

    destroy() {
      this.remove();
    }

    // --- options

    #option(name) {
      return (this.getAttribute(`data-${name}`) ?? this.getAttribute(name))?.trim() ?? "";
    }

    get #api() {
      const given = this.#option("api-url") || BASE;
      const url = URL.canParse(given, document.baseURI) ? new URL(given, document.baseURI).href : "";
      return /^https?:/.test(url) ? url.replace(/[?#].*$/, "").replace(/\/+$/, "") : `unusable:${given}`;
    }

    get #language() {
      const wanted = (this.#option("language") || document.documentElement.lang || "en").toLowerCase().split(/[-_]/)[0];
      return wanted in WORDS ? wanted : "en";
    }

    get #words() {
      return WORDS[this.#language];
    }

    // --- building

    #root;
    #dialog; // null where the chat stands in the page's flow
    #launcher;
    #log;
    #tail;
    #card;
    #box;
    #send;
    #anew;
    #status;

    #build() {
      this.#leave();
      this.#leaving = new AbortController();
      if (!sheet) {
        sheet = new CSSStyleSheet(); // which a page's Content-Security-Policy does not forbid, unlike <style>
        sheet.replaceSync(STYLE);
      }
      this.#shadow.adoptedStyleSheets = [sheet];
      const inline = this.#option("mode") === "inline";
      const words = this.#words;
      const title = this.#option("title") || words.title;
      const position = POSITIONS.includes(this.#option("position")) ? this.#option("position") : POSITIONS[0];

      this.#log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": words.conversation, tabindex: 0 });
      this.#tail = el("div", { class: "tail" });
      this.#card = el("section", { class: "card", role: "dialog", "aria-labelledby": "card-title", tabindex: -1, hidden: true });
      this.#box = el("textarea", {
        id: "box",
        rows: 1,
        maxlength: MAX_QUESTION,
        dir: "auto",
        enterkeyhint: "send",
        "aria-label": words.question,
        placeholder: this.#option("placeholder") || words.placeholder,
        input: () => this.#fitBox(),
        keydown: (event) => this.#typed(event),
      });
      this.#send = el("button", { class: "send", type: "submit" }, words.ask);
      this.#anew = iconButton("anew", words.anew, () => (this.clear(), this.#box.focus({ preventScroll: true })), { class: "icon anew" });
      this.#status = el("p", { class: "unseen", role: "status" });
      const panel = el(
        inline ? "section" : "dialog",
        { class: "panel", "aria-labelledby": "title", keydown: (event) => this.#escape(event) },
        el(
          "div",
          { class: "bar" },
          el("h2", { id: "title" }, title),
          this.#anew,
          inline ? "" : iconButton("close", words.close, () => this.close()),
        ),
        el("div", { class: "middle" }, this.#log, this.#card),
        el("form", { submit: (event) => this.#submitted(event) }, this.#box, this.#send),
        el(
          "p",
          { class: "foot" },
          el("a", { href: `${this.#api}/documents`, ...newTab }, words.all, el("span", { class: "unseen" }, ` (${words.tab})`)),
        ),
        this.#status,
      );
      this.#dialog = inline ? null : panel;
      this.#launcher = inline
        ? null
        : el(
            "button",
            { class: "launcher", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false", click: () => this.open() },
            icon("chat"),
            el("span", null, title),
          );
      this.#root = el(
        "div",
        { class: `root ${inline ? "inline" : position}`, lang: this.#language, "data-theme": this.#option("theme") },
        this.#launcher ?? "",
        panel,
      );
      this.#root.title = ""; // else the element's own attribute would be a tooltip over everything
      this.#shadow.replaceChildren(this.#root);
      this.#paint();
      this.#listen(panel);

      this.#redraw();
    }

    #leave() {
      this.#running?.abort(new Failure("stopped", "left the page"));
      this.#leaving?.abort();
      this.#leaving = null;
    }

    #listen(panel) {
      const { signal } = this.#leaving;
      // A page's own shortcuts do not see that a text box has the focus here: to them the whole chat is one element.
      for (const type of ["keydown", "keyup", "keypress"]) this.#root.addEventListener(type, (event) => event.stopPropagation());
      panel.addEventListener("close", () => this.#closed()); // a phone's own way back
      panel.addEventListener("cancel", (event) => (event.preventDefault(), this.#stepBack()));
      NARROW.addEventListener(
        "change",
        () => {
          if (!this.#dialog?.open) return;
          this.#dialog.close();
          this.#present(true);
        },
        { signal },
      );
      window.visualViewport?.addEventListener("resize", () => this.#fitScreen(), { signal });
      window.visualViewport?.addEventListener("scroll", () => this.#fitScreen(), { signal });
    }

    #paint() {
      const given = this.#option("primary-color") || getComputedStyle(this).getPropertyValue("--sco-chat-primary").trim() || PRIMARY;
      const known = CSS.supports("color", given);
      if (!known) console.warn(`[sco-chat] primary-color: "${given}" is no CSS colour; using ${PRIMARY}`);
      for (const [name, value] of Object.entries(palette(rgb(known ? given : PRIMARY, this.#root))))
        this.#root.style.setProperty(name, value);
    }

    // A phone's keyboard covers the lower part of the screen; the box has to stay above it.
    #fitScreen() {
      const { height, offsetTop } = window.visualViewport;
      this.#root.style.setProperty("--seen-height", `${height}px`);
      this.#root.style.setProperty("--seen-top", `${offsetTop}px`);
    }

    #fitBox() {
      this.#box.style.height = "auto";
      this.#box.style.height = `${this.#box.scrollHeight + 2}px`; // and its borders
    }

    // --- opening, closing, keys

    #present(takeFocus) {
      const before = document.activeElement;
      if (this.#dialog) {
        if (NARROW.matches) this.#dialog.showModal();
        else this.#dialog.show();
        this.#opener = before;
        this.#launcher.hidden = true;
        this.#launcher.setAttribute("aria-expanded", "true");
        this.#fitBox();
        this.#log.scrollTop = this.#log.scrollHeight;
      }
      this.#shadow.activeElement?.blur(); // a dialog takes the focus by itself
      (takeFocus ? this.#box : before)?.focus({ preventScroll: true });
      if (this.#dialog) this.#emit("open", {});
    }

    #typed(event) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!this.#running) this.#ask(this.#box.value);
    }

    #submitted(event) {
      event.preventDefault();
      if (this.#running) this.#running.abort(new Failure("stopped"));
      else this.#ask(this.#box.value);
      this.#box.focus({ preventScroll: true });
    }

    #escape(event) {
      if (event.key !== "Escape" || event.isComposing) return;
      event.preventDefault();
      this.#stepBack();
    }

    #stepBack() {
      if (!this.#card.hidden) this.#closeCard();
      else this.close();
    }

    // --- asking

    async #ask(typed) {
      const question = typed.trim();
      if (!question) return null;
      this.#running?.abort(new Failure("stopped", "another question"));
      const running = (this.#running = new AbortController());
      const { signal } = running;
      const turn = { question, json: null, reply: null };
      const history = this.#turns.flatMap(({ question: content, reply }) => [
        { role: "user", content },
        { role: "assistant", content: reply.answer },
      ]);
      this.#closeCard(false);
      this.#box.value = "";
      this.#fitBox();
      const shown = this.#begin(question);
      this.#emit("question", { question });
      try {
        const nothing = { kind: "answer", answer: "", sentences: [], citations: [] };
        let draft = nothing;
        const asked = { question, history, conversation: this.#name, language: this.#language };
        const starting = () => {
          shown.lastChild.replaceWith(el("p", { class: "reply searching" }, this.#words.starting));
          this.#status.textContent = this.#words.starting;
        };
        for await (const event of onceStarted(() => converse(this.#api, asked, signal), starting, signal)) {
          if (event.type === "restart") draft = nothing;
          if (event.type === "citation") draft = { ...draft, citations: [...draft.citations, event] };
          if (event.type === "sentence")
            draft = { ...draft, sentences: [...draft.sentences, { text: event.text, citations: event.markers }] };
          if (event.type === "sentence") shown.lastChild.replaceWith(this.#sentences(readReply(draft)));
          if (event.reply) Object.assign(turn, { json: event.reply, reply: readReply(event.reply) });
        }
        if (!turn.reply) throw new Failure("broken_stream", "the last event holds no reply");
        shown.lastChild.replaceWith(this.#reply(turn.reply));
        this.#turns = [...this.#turns, turn].slice(-MAX_TURNS);
        this.#save();
        this.#offer(turn);
        this.#emit("answer", { question, reply: turn.json });
      } catch (error) {
        const stopped = error.code === "stopped";
        if (stopped && error.detail) return (shown.remove(), null); // nobody waits for it any more
        if (stopped && !this.#box.value) this.#box.value = question;
        const said = stopped ? this.#words.stopped : this.#explain(error);
        shown.lastChild.replaceWith(this.#notice(said, stopped ? null : () => (shown.remove(), this.#ask(question))));
      } finally {
        if (this.#running === running) {
          this.#running = null;
          this.#wait(false);
        }
      }
      this.#follow(shown);
      return turn.json;
    }

    async #check() {
      const api = this.#api;
      const notice = el("p", { class: "reply searching" }, this.#words.starting);
      const checked = async function* () {
        await check(api);
      };
      const { signal } = this.#leaving;
      try {
        await onceStarted(checked, () => notice.isConnected || this.#running || this.#tail.append(notice), signal).next();
        notice.remove();
      } catch (failure) {
        notice.remove();
        if (!signal.aborted && api === this.#api)
          this.#tail.append(this.#notice(this.#explain(failure), () => (this.#tail.replaceChildren(), this.#check())));
      }
    }

    #save() {
      storage(this.#option("persist")).write(this.#key, this.#turns);
      this.#anew.disabled = this.#turns.length === 0;
    }

    #emit(name, detail) {
      return this.dispatchEvent(
        new CustomEvent(`sco-chat:${name}`, { bubbles: true, composed: true, cancelable: name === "citation-click", detail }),
      );
    }

    // --- showing

    #redraw() {
      this.#closeCard(false);
      const examples = this.#option("example-questions")
        .split(/[\n|]/)
        .map((one) => one.trim())
        .filter(Boolean);
      const welcome = el(
        "div",
        { class: "welcome" },
        el("p", null, this.#option("greeting") || this.#words.greeting),
        examples.length ? this.#choices(examples) : "",
      );
      this.#tail.replaceChildren();
      this.#log.replaceChildren(
        welcome,
        ...this.#turns.map(({ question, reply }) => this.#exchange(question, this.#reply(reply))),
        this.#tail,
      );
      if (this.#turns.length) this.#offer(this.#turns.at(-1));
      this.#anew.disabled = this.#turns.length === 0;
      this.#wait(false);
    }

    #exchange(question, said) {
      const asked = el("p", { class: "question", dir: "auto" }, el("span", { class: "unseen" }, `${this.#words.asked}: `), question);
      return el("div", { class: "exchange" }, asked, said);
    }

    #begin(question) {
      const exchange = this.#exchange(question, el("p", { class: "reply searching" }, this.#words.searching));
      this.#tail.replaceChildren();
      this.#tail.before(exchange);
      this.#wait(true);
      this.#follow(exchange);
      return exchange;
    }

    #wait(waiting) {
      this.#log.setAttribute("aria-busy", `${waiting}`); // an answer is read out once, when it is whole
      this.#status.textContent = waiting ? this.#words.searching : "";
      this.#send.textContent = waiting ? this.#words.stop : this.#words.ask;
      this.#send.classList.toggle("stop", waiting);
    }

    // The question goes to the top, so that its answer is read from its beginning; the page itself must not scroll.
    #follow(exchange) {
      this.#log.scrollTop = exchange.offsetTop - this.#log.offsetTop - 12;
    }

    #reply(reply) {
      const words = this.#words;
      const parts = reply.kind === "answer" ? [...this.#sentences(reply).children] : [el("p", null, reply.answer)];
      const filters = reply.filters.map(({ field, value }) => fill(words.filters[field] ?? "{0}", field === "kind" ? kindIn(value, this.#language) : value)).join("; ");
      if (filters) parts.unshift(el("p", { class: "remark" }, fill(words.filtered, filters)));
      if (reply.understood) parts.unshift(el("p", { class: "remark" }, fill(words.understood, reply.understood)));
      if (reply.note) parts.unshift(el("p", { class: "remark" }, reply.note));
      else if (reply.byModel) parts.push(el("p", { class: "remark" }, words.worded));
      if (reply.kind === "answer" && reply.places.length) parts.push(this.#sources(reply.places));
      if (reply.nearest.length) parts.push(this.#nearest(reply.nearest));
      return el("div", { class: `reply ${reply.kind}`, role: "group", "aria-label": words.reply, dir: "auto" }, ...parts);
    }

    #sentences(reply) {
      const places = new Map(reply.places.map((place) => [place.marker, place]));
      const paragraphs = [];
      for (const sentence of reply.sentences) {
        if (sentence.opens || !paragraphs.length) paragraphs.push(el("p"));
        const paragraph = paragraphs.at(-1);
        const [, start, word] = /^([^]*?)(\S{0,12})\s*$/.exec(sentence.text); // not all of a Chinese sentence, which is one long word
        const markers = sentence.markers
          .filter((number) => places.has(number))
          .map((number) => this.#marker(places.get(number), reply.places));
        const ending = el("span", { class: "ending" }, word, ...markers); // a marker never begins a line
        paragraph.append(paragraph.hasChildNodes() ? " " : "", start, ending);
      }
      return el("div", { class: "reply answer" }, ...paragraphs);
    }

    // Opens the sentence that it names; opened in another tab, or without its address, it is an ordinary link or button.
    #link(place, places, attributes, ...children) {
      const click = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        this.#openCard(place, places, event.currentTarget);
      };
      const named = { "aria-haspopup": "dialog", "aria-expanded": "false", click, ...attributes };
      if (!place.address) return el("button", { type: "button", ...named }, ...children);
      return el("a", { href: this.#api + place.address, ...newTab, ...named }, ...children);
    }

    #marker(place, places) {
      return this.#link(place, places, { class: "marker", "aria-label": this.#nameOf(place) }, `[${place.marker}]`);
    }

    #nameOf(place) {
      const where = [place.title, pointOf(place, this.#words), place.date].filter(Boolean).join(", ");
      return `${place.marker ? fill(this.#words.source, place.marker) : this.#words.passage}: ${where}`;
    }

    // One item a document, with its cited places; documents that merely say the same come last.
    #sources(places) {
      const homes = new Map();
      for (const place of places) {
        const home = `${place.also} ${place.document}`;
        homes.set(home, [...(homes.get(home) ?? []), place]);
      }
      const items = [...homes.values()]
        .sort(([one], [other]) => one.also - other.also)
        .map((cited) => {
          const [{ also, title, date }] = cited;
          const links = cited.map((place) =>
            this.#link(
              place,
              places,
              { class: "place", "aria-label": this.#nameOf(place) },
              el("b", null, `${place.marker}`),
              ` ${pointOf(place, this.#words)}`,
            ),
          );
          const name = el(
            "span",
            null,
            also ? `${this.#words.also} ` : "",
            title,
            date ? ", " : "",
            date ? el("span", { class: "date" }, date) : "",
          );
          return el("li", null, name, el("div", { class: "places" }, ...links));
        });
      return el("div", { class: "sources" }, el("p", { class: "label" }, this.#words.sources), el("ul", null, ...items));
    }

    #nearest(places) {
      const items = places.map((place) => {
        const where = [place.title, pointOf(place, this.#words), place.date].filter(Boolean).join(", ");
        return el("li", null, this.#link(place, places, {}, `“${place.quote}”`), el("span", { class: "where" }, where));
      });
      return el("div", { class: "nearest" }, el("p", { class: "label" }, this.#words.nearest), el("ul", null, ...items));
    }

    #openCard(place, places, opener) {
      if (!this.#emit("citation-click", { citation: place.json, address: this.#api + place.address })) return;
      const words = this.#words;
      const at = places.indexOf(place);
      const step = (by, name) =>
        iconButton(name, words[name], () => this.#openCard(places[at + by], places, this.#cited), { disabled: !places[at + by] });
      const about = [pointOf(place, words), place.date, kindIn(place.kind, this.#language), place.speaker].filter(Boolean).join(" · ");
      this.#cited?.setAttribute("aria-expanded", "false");
      this.#cited = opener;
      opener.setAttribute("aria-expanded", "true");
      this.#card.replaceChildren(
        el(
          "div",
          { class: "bar" },
          el("h3", { id: "card-title" }, place.marker ? fill(words.source, place.marker) : words.passage),
          ...(places.length > 1 ? [step(-1, "earlier"), step(1, "later")] : []),
          iconButton("close", words.close, () => this.#closeCard()),
        ),
        el("blockquote", { dir: "auto" }, place.quote),
        el("p", { dir: "auto" }, place.title),
        el("p", { class: "where" }, about),
        place.address
          ? el(
              "a",
              { href: this.#api + place.address, ...newTab },
              words.open,
              icon("out"),
              el("span", { class: "unseen" }, ` (${words.tab})`),
            )
          : "",
      );
      this.#card.hidden = false;
      this.#card.scrollTop = 0;
      this.#card.focus({ preventScroll: true });
    }

    #closeCard(returnFocus = true) {
      this.#card.hidden = true;
      this.#cited?.setAttribute("aria-expanded", "false");
      if (returnFocus) this.#cited?.focus();
      this.#cited = null;
    }

    #choices(questions) {
      const choose = (question) => {
        this.#ask(question);
        if (!NARROW.matches)
          this.#box.focus({ preventScroll: true }); // a phone would cover the answer with its keyboard
        else this.#log.focus({ preventScroll: true });
      };
      return el(
        "div",
        { class: "choices" },
        ...questions.map((question) => el("button", { type: "button", click: () => choose(question) }, question)),
      );
    }

    // Under the last reply: what to ask next, and whether this one was right.
    #offer({ json, reply }) {
      const next = reply.suggestions.length ? [el("p", { class: "label" }, this.#words.next), this.#choices(reply.suggestions)] : [];
      this.#tail.replaceChildren(...next, ...(reply.kind === "courtesy" ? [] : [this.#feedback(json)]));
    }

    #feedback(json) {
      const words = this.#words;
      const asking = el("div", { class: "feedback", role: "group", "aria-label": words.right });
      const say = (said) => {
        asking.replaceChildren(el("p", null, said));
        this.#status.textContent = said;
        this.#box.focus({ preventScroll: true }); // the button that was pressed is gone
      };
      const send = async (verdict, note) => {
        try {
          await judge(this.#api, { verdict, note, reply: json });
          say(words.thanks);
        } catch (failure) {
          say(this.#explain(failure));
        }
      };
      const button = (label, click) => el("button", { type: "button", click }, label);
      const choose = () => {
        const note = el("textarea", { rows: 2, maxlength: MAX_QUESTION, "aria-label": words.note, placeholder: words.note });
        const verdicts = Object.entries(words.verdicts).map(([verdict, label]) => button(label, () => send(verdict, note.value)));
        asking.replaceChildren(note, el("div", { class: "choices" }, ...verdicts));
        note.focus({ preventScroll: true }); // of the page; the chat scrolls by itself
        this.#log.scrollTop = this.#log.scrollHeight;
      };
      asking.append(
        el("span", null, words.right),
        button(words.yes, () => send("good", "")),
        button(words.no, choose),
      );
      return asking;
    }

    // Says what went wrong: to the visitor in a sentence, to the page's owner in the console and as an event.
    #explain(failure) {
      const { code, detail } = failure instanceof Failure ? failure : new Failure("failed", `${failure.stack}`);
      const known = code === "refused" && Object.hasOwn(WORDS.en.refusals, failure.reason);
      const say = ({ errors, refusals }) =>
        fill(known ? refusals[failure.reason] : errors[code], this.#api, location.origin, failure.said || STALLED);
      console.error(`[sco-chat] ${code}: ${say(WORDS.en)} ${detail}`.trim());
      this.#emit("error", { code, message: say(this.#words) });
      return say(this.#words);
    }

    #notice(said, again) {
      const retry = el("button", { type: "button", click: () => (again(), this.#box.focus({ preventScroll: true })) }, this.#words.again);
      const parts = [el("p", null, said), ...(again ? [el("div", { class: "choices" }, retry)] : [])];
      return el("div", { class: "reply notice", role: "group", "aria-label": this.#words.reply }, ...parts);
    }
  }

  // --- the page's own calls

  const camel = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
  const main = () => document.querySelector("sco-chat");
  const listeners = new Map(); // of a function to the listener that calls it, by event

  function create(options) {
    const chat = document.createElement("sco-chat");
    for (const name of OPTIONS) {
      const value = options[camel(name)];
      if (value !== undefined) chat.setAttribute(`data-${name}`, Array.isArray(value) ? value.join("\n") : value);
    }
    return chat;
  }

  const ScoChat = {
    // Puts a chat into the page; the options are the attributes in camel case, and `target`, a selector or an element.
    init(options = {}) {
      const chat = create(options);
      const wanted = options.target;
      const target = typeof wanted === "string" ? document.querySelector(wanted) : wanted;
      if (wanted && !target)
        console.error(`[sco-chat] target: nothing on this page matches "${wanted}"; the chat stands at the page's end.`);
      (target ?? document.body).append(chat);
      return chat;
    },
    open: () => main()?.open(),
    close: () => main()?.close(),
    toggle: () => main()?.toggle(),
    ask: async (question, options) => (await main()?.ask(question, options)) ?? null,
    clear: () => main()?.clear(),
    destroy: () => main()?.destroy(),
    on(name, act) {
      const listener = (event) => act(event.detail, event);
      listeners.set(act, (listeners.get(act) ?? new Map()).set(name, listener));
      document.addEventListener(`sco-chat:${name}`, listener);
    },
    off(name, act) {
      document.removeEventListener(`sco-chat:${name}`, listeners.get(act)?.get(name));
    },
    // A call as a list: ["ask", "What about cannabis?"]. Before this script is there, a page's own array takes such lists.
    push(...calls) {
      for (const [name, ...rest] of calls) {
        if (name !== "push" && name in ScoChat) ScoChat[name](...rest);
        else console.error(`[sco-chat] there is no call "${name}".`);
      }
    },
  };

  function begin() {
    const queued = Array.isArray(window.ScoChat) ? window.ScoChat : [];
    window.ScoChat = ScoChat;
    // Listeners first, so that they hear of the chat that the others bring.
    ScoChat.push(...queued.filter(([name]) => name === "on"));
    if (!customElements.get("sco-chat")) customElements.define("sco-chat", Chat);
    const placed = document.querySelector("sco-chat") || queued.some(([name]) => name === "init");
    const asked = script && ["target", ...OPTIONS].some((name) => camel(name) in script.dataset);
    if (script && (asked || !placed)) {
      const options = { apiUrl: BASE, ...script.dataset };
      const here = options.mode === "inline" && !options.target && script.closest("body");
      if (here) script.after(create(options));
      else ScoChat.init(options);
    }
    ScoChat.push(...queued.filter(([name]) => name !== "on"));
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
