// What the page's scripts share: texts in the language that this browser asks for (by the same rule
// as on the server), requests to the API about the collection that the tab's address names, elements.
window.wj = (() => {
  const { language: standard, texts } = window.wjMessages;
  const here = new URLSearchParams(window.location.search);
  const cookie = document.cookie.match(/(?:^|;\s*)wenju_language=(\w+)/)?.[1];
  const asked = [here.get('lang'), cookie];
  const language = asked.find((one) => Object.hasOwn(texts, one ?? '')) ?? standard;
  const root = document.documentElement;
  const tag = { zh: 'zh-CN', en: 'en' }[language];
  root.dataset.language = language;
  // gradio names the browser's own language there.
  const named = () => { if (root.lang !== tag) root.lang = tag; };
  named();
  new MutationObserver(named).observe(root, { attributeFilter: ['lang'] });

  const number = (value) => (Number.isInteger(value) ? value.toLocaleString('en') : String(value));
  function say(key, values = {}) {
    return texts[language][key].replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (_, name, one, many) => {
      const shown = number(values[name]);
      return many === undefined ? shown : `${shown} ${values[name] === 1 ? one : many}`;
    });
  }
  document.addEventListener('click', (event) => {
    const other = event.target.closest?.('.wj-language')?.dataset.language;
    if (!other || other === language) return;
    document.cookie = `wenju_language=${other}; path=/; max-age=31536000; samesite=strict`;
    const place = new URL(window.location);
    place.searchParams.delete('lang');
    if (place.href === window.location.href) window.location.reload();
    else window.location.replace(place);
  });

  const collection = here.get('collection') ?? '';
  function api(path, values = {}) {
    const given = new URLSearchParams(collection ? { collection } : {});
    for (const [name, value] of Object.entries(values)) if (value !== '') given.set(name, value);
    return `api/${path}${given.size ? `?${given}` : ''}`;
  }
  // Errors and warnings come in the page's language.
  const ask = (address, options = {}) => fetch(address, {
    ...options, headers: { 'Accept-Language': tag, ...options.headers },
  });
  async function call(address, options) {
    const response = await ask(address, options);
    const value = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(value.error ?? `HTTP ${response.status}`);
    return value;
  }
  const send = (address, method, value) => call(address, {
    method, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value),
  });

  function made(name, className, text) {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }
  function button(text, label, act) {
    const one = made('button', 'wj-plain', text);
    one.type = 'button';
    one.setAttribute('aria-label', label);
    one.addEventListener('click', () => act(one));
    return one;
  }
  // Asks once more before `act`: the button says so, to screen readers too, and is as before when
  // nothing follows for some seconds.
  const SURE_SECONDS = 6;
  function sure(one, question, act) {
    if (one.dataset.sure) { unsure(one, one.dataset.sure); return void act(); }
    const before = [one.textContent, one.getAttribute('aria-label')];
    [one.dataset.sure] = before;
    one.classList.add('wj-sure');
    one.textContent = question;
    if (before[1]) one.setAttribute('aria-label', `${question} ${before[1]}`);
    one.wjBefore = before;
    one.wjTimer = setTimeout(() => unsure(one, before[0]), SURE_SECONDS * 1000);
  }
  function unsure(one, text) {
    clearTimeout(one.wjTimer);
    if (!one.dataset.sure) return;
    delete one.dataset.sure;
    one.classList.remove('wj-sure');
    one.textContent = text;
    if (one.wjBefore[1]) one.setAttribute('aria-label', one.wjBefore[1]);
  }
  // Saves what a script has as a file.
  function save(data, name) {
    const link = made('a');
    link.href = URL.createObjectURL(data);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
  return { language, tag, say, collection, api, ask, call, send, made, button, sure, unsure, save };
})();
