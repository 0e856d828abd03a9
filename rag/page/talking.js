// The field for questions, and what a turn can do: stopped, asked again, put in other words,
// copied, judged. Python hears of it by events of the page's own.
(() => {
  const { say, made } = window.wj;
  const send = (name, detail = {}) => {
    document.dispatchEvent(new CustomEvent(`wj-${name}`, { detail }));
  };
  const put = (detail) => send('ask', { ...detail, where: window.wj.asking() });
  const area = () => document.querySelector('#wj-question textarea');
  const turns = () => [...document.querySelectorAll('#wj-past .wj-turn, #wj-now .wj-turn')];
  const asked = (turn) => turn.querySelector('.wj-question').textContent;

  window.wj.field = (text) => {
    area().value = text;
    area().dispatchEvent(new Event('input', { bubbles: true }));
  };

  // A turn as rich text: its answer with markers for its citations, and under it their sources.
  function rich(turn) {
    const all = made('div');
    all.append(made('h3', '', asked(turn)));
    for (const part of turn.querySelectorAll('.wj-asked-of, .wj-missing, .wj-short, .wj-answer, .wj-refusal')) all.append(part.cloneNode(true));
    for (const one of all.querySelectorAll('.wj-unseen')) one.remove();
    for (const cite of all.querySelectorAll('.wj-cite')) cite.replaceWith(`[${cite.dataset.n}]`);
    const cites = [...turn.querySelectorAll('.wj-answer .wj-cite')];
    if (cites.length) all.append(made('p', '', say('export.sources')));
    for (const { dataset } of cites) {
      all.append(made('p', '', `[${dataset.n}] ${dataset.place}: “${dataset.quote}”`));
    }
    for (const one of all.querySelectorAll('*')) for (const { name } of [...one.attributes]) one.removeAttribute(name);
    return all.innerHTML;
  }

  async function copy(one) {
    const text = one.dataset.copy;
    try {
      const kinds = { 'text/plain': new Blob([text], { type: 'text/plain' }), 'text/html': new Blob([rich(one.closest('.wj-turn'))], { type: 'text/html' }) };
      await navigator.clipboard.write([new ClipboardItem(kinds)]);
    } catch {
      const field = document.body.appendChild(made('textarea', 'wj-unseen'));
      field.value = text;
      field.select();
      document.execCommand('copy');
      field.remove();
    }
    const before = one.textContent;
    one.textContent = say('turn.copied');
    setTimeout(() => { one.textContent = before; }, 1500);
  }

  // The last question is changed in its place and its answer replaced; an earlier one goes into
  // the field, and is asked as a new one.
  function edit(turn) {
    if (!turn.closest('#wj-now')) {
      window.wj.field(asked(turn));
      area().focus();
      return;
    }
    const head = turn.querySelector('.wj-question');
    const form = made('form', 'wj-edit');
    const field = made('textarea');
    field.value = asked(turn);
    field.maxLength = area().maxLength;
    field.rows = Math.min(6, field.value.split('\n').length + 1);
    field.setAttribute('aria-label', say('turn.edit'));
    const cancel = made('button', 'wj-plain', say('turn.cancel'));
    cancel.type = 'button';
    const done = () => { form.remove(); head.hidden = false; };
    const ask = () => {
      const question = field.value.trim();
      if (!question) return;
      done();
      put({ question, again: true });
    };
    cancel.addEventListener('click', done);
    form.addEventListener('submit', (event) => { event.preventDefault(); ask(); });
    field.addEventListener('keydown', (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key === 'Escape') { event.stopPropagation(); done(); }
      if (event.key === 'Enter' && !event.shiftKey) { event.preventDefault(); ask(); }
    });
    form.append(field, made('button', 'wj-main-button', say('question.send')), cancel);
    head.hidden = true;
    head.after(form);
    field.focus();
  }

  // A judgement comes back with the turn made anew; then its comment can be written.
  let judged = null;
  function rate(turn, verdict, comment) {
    judged = verdict ? turns().indexOf(turn) : null;
    // The turn is made anew: what is open could not be told from the rest.
    document.querySelectorAll('.wj-turn .wj-open').forEach((one) => one.classList.remove('wj-open'));
    send('rate', { turn: turns().indexOf(turn), verdict, comment });
  }
  new MutationObserver(() => {
    const field = judged !== null && turns()[judged]?.querySelector('.wj-comment input');
    if (!field) return;
    judged = null;
    field.focus({ preventScroll: true });
  }).observe(document.documentElement, { childList: true, subtree: true });

  // Before the first question some are offered that the documents answer, found out a moment after
  // the page is there, and anew when documents have come.
  const WAIT = 1200;
  let offered = null; // the welcome that has them
  async function offer() {
    const welcome = document.querySelector('.wj-welcome');
    if (!welcome || welcome.dataset.documents === '0' || turns().length || !document.querySelector('.wj-nav')) return;
    if (welcome.querySelector('.wj-examples:not(.wj-suggested)')) return; // those of the sample
    offered = welcome;
    const found = await window.wj.call(window.wj.api('suggestions')).catch(() => []);
    welcome.querySelector('.wj-suggested')?.remove();
    if (!found.length) return;
    const all = made('ul', 'wj-examples wj-suggested');
    all.setAttribute('aria-label', say('welcome.examples'));
    all.append(...found.map((question) => {
      const item = made('li');
      const one = made('button', '', question);
      one.type = 'button';
      one.dataset.act = 'example';
      item.append(one);
      return item;
    }));
    welcome.querySelector('.wj-when-filled').append(all);
  }
  document.addEventListener('wj-documents', () => setTimeout(offer, WAIT));
  new MutationObserver(() => {
    const welcome = document.querySelector('.wj-welcome');
    if (!welcome || welcome === offered) return;
    offered = welcome;
    setTimeout(offer, WAIT);
  }).observe(document.documentElement, { childList: true, subtree: true });

  // An answer is read out once it is complete.
  new MutationObserver((_, self) => {
    const now = document.querySelector('#wj-now');
    if (!now) return;
    now.setAttribute('aria-live', 'polite');
    self.disconnect();
  }).observe(document.documentElement, { childList: true, subtree: true });

  document.addEventListener('submit', (event) => {
    const form = event.target.closest('.wj-comment');
    if (!form) return;
    event.preventDefault();
    rate(form.closest('.wj-turn'), form.dataset.verdict, form.querySelector('input').value);
    judged = null;
  });
  document.addEventListener('click', (event) => {
    const one = event.target.closest?.('[data-act]');
    const turn = one?.closest('.wj-turn');
    switch (one?.dataset.act) {
      case 'stop': return send('stop');
      case 'copy': return void copy(one);
      case 'retry': return put({ question: asked(turn), again: true });
      case 'edit': return edit(turn);
      case 'example': return put({ question: one.textContent });
      case 'rate': {
        const pressed = one.getAttribute('aria-pressed') === 'true';
        const said = turn.querySelector('.wj-comment input')?.value ?? '';
        return rate(turn, pressed ? '' : one.dataset.verdict, said);
      }
      case 'new':
        window.wj.scope.set(null);
        if (!document.querySelector('#wj-id [data-id]')?.dataset.id) send('open', { id: '' }); // one that is not kept
        return window.wj.go({ view: 'talk', c: '' });
      default: return undefined;
    }
  });
})();
