// The texts of the page in the language that this browser asks for; the same rule as on the server.
window.wj = (() => {
  const { language: standard, texts } = window.wjMessages;
  const cookie = document.cookie.match(/(?:^|;\s*)wenju_language=(\w+)/)?.[1];
  const asked = [new URLSearchParams(window.location.search).get('lang'), cookie];
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
    if (!other) return;
    document.cookie = `wenju_language=${other}; path=/; max-age=31536000; samesite=strict`;
    const place = new URL(window.location);
    place.searchParams.delete('lang');
    window.location.replace(place);
    if (place.href === window.location.href) window.location.reload();
  });
  return { language, say };
})();
