// Which documents a question is asked of: chosen beside its field or named in it (@, #), kept with
// the conversation and in the tab's address. Text goes into the page as text only.
(() => {
  const { say, api, call, made, button } = window.wj;
  const FIELDS = ['documents', 'tags', 'since', 'until'];
  const LISTED = 40;
  const LONGEST = 1500; // characters in the address; more documents stay out of it
  const COMPLETED = 8;
  const empty = () => ({ documents: [], tags: [], since: '', until: '' });
  let now = empty();
  const find = (name) => document.querySelector(`.wj-scope ${name}`);

  // A document's name as a pattern that fits it alone, and back.
  const pattern = (name) => `/${name.replace(/[[*?]/g, '[$&]')}`;
  const nameOf = (one) => one.replace(/^\//, '').replace(/\[([[*?])\]/g, '$1');
  const short = (one) => nameOf(one).split('/').pop();

  function value() {
    const found = Object.fromEntries(FIELDS.filter((name) => now[name].length).map((name) => [name, now[name]]));
    return Object.keys(found).length ? found : null;
  }
  function set(scope) {
    now = { ...empty(), ...(scope ?? {}) };
    addressed();
    paint();
  }
  const of = (names) => ({ documents: names.map(pattern) });
  window.wj.scope = { value, set, of };

  function addressed() {
    const place = new URL(window.location);
    for (const name of FIELDS) place.searchParams.delete(name);
    for (const name of FIELDS) for (const one of [now[name]].flat()) if (one) place.searchParams.append(name, one);
    if (place.search.length > LONGEST) for (const name of FIELDS) place.searchParams.delete(name);
    if (place.href !== window.location.href) window.history.replaceState(window.history.state, '', place);
  }

  // ---- what is chosen
  function label() {
    if (!value()) return say('scope.all');
    const { length } = now.documents;
    return length ? say('scope.some', { documents: length }) : say('scope.fitting');
  }
  function chip(text, act) {
    const one = button(`${text} ✕`, say('scope.drop', { what: text }), act);
    one.classList.add('wj-chip');
    return one;
  }
  const without = (name, one) => set({ ...now, [name]: now[name].filter((other) => other !== one) });
  let painted = null;
  function paint() {
    const open = find('.wj-scope-open');
    if (!open) return;
    painted = open;
    open.textContent = label();
    open.classList.toggle('wj-on', Boolean(value()));
    const chips = [
      ...now.documents.slice(0, 6).map((one) => chip(short(one), () => without('documents', one))),
      ...now.tags.map((one) => chip(`#${one}`, () => without('tags', one))),
      ...(now.since ? [chip(say('scope.since', { date: now.since }), () => set({ ...now, since: '' }))] : []),
      ...(now.until ? [chip(say('scope.until', { date: now.until }), () => set({ ...now, until: '' }))] : []),
    ];
    if (now.documents.length > 6) chips.push(made('span', 'wj-hint', say('scope.more', { documents: now.documents.length - 6 })));
    if (value()) chips.push(button(say('scope.clear'), say('scope.clear'), () => { set(null); open.focus(); }));
    find('.wj-scope-chips').replaceChildren(...chips);
    for (const name of ['since', 'until']) find(`[name=${name}]`).value = now[name];
    tick();
  }
  function tick() {
    for (const box of document.querySelectorAll('.wj-scope-list input')) {
      box.checked = now[box.dataset.kind].includes(box.value);
    }
  }

  // ---- choosing
  let asked = 0;
  async function list() {
    const turn = ++asked;
    try {
      const found = await call(api('names', { containing: find('.wj-scope-find').value.trim(), limit: LISTED }));
      if (turn !== asked) return;
      const chosen = found.documents.map((one) => row('documents', pattern(one.document), one.title, one.document));
      find('.wj-scope-documents').replaceChildren(...chosen);
      find('.wj-scope-note').textContent = found.total > found.documents.length
        ? say('scope.rest', { documents: found.total - found.documents.length }) : found.total ? '' : say('scope.none');
      find('.wj-scope-tags').replaceChildren(...found.tags.map((tag) => row('tags', tag, tag, '')));
      find('.wj-scope-tagged').hidden = !found.tags.length;
      tick(); // no more than the list is new: a date may be half written
    } catch (error) { find('.wj-scope-note').textContent = error.message; }
  }
  function row(kind, chosen, title, name) {
    const item = made('li');
    const holder = made('label');
    const box = made('input');
    box.type = 'checkbox';
    box.value = chosen;
    box.dataset.kind = kind;
    holder.append(box, made('span', '', title));
    if (name && name !== title) holder.append(made('small', '', name));
    item.append(holder);
    return item;
  }
  function toggle(open) {
    const panel = find('.wj-scope-panel');
    panel.hidden = !open;
    find('.wj-scope-open').setAttribute('aria-expanded', String(open));
    if (!open) return;
    list();
    find('.wj-scope-find').focus();
  }
  const isOpen = () => find('.wj-scope-panel')?.hidden === false;

  document.addEventListener('click', (event) => {
    if (event.target.closest?.('.wj-scope-open')) return toggle(!isOpen());
    if (event.target.closest?.('.wj-scope-close')) { toggle(false); return find('.wj-scope-open').focus(); }
    if (isOpen() && event.target.isConnected && !event.target.closest('.wj-scope')) toggle(false);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !isOpen()) return;
    toggle(false);
    find('.wj-scope-open').focus();
  });
  document.addEventListener('change', (event) => {
    const box = event.target.closest?.('.wj-scope-list input');
    if (box) {
      const others = now[box.dataset.kind].filter((one) => one !== box.value);
      set({ ...now, [box.dataset.kind]: box.checked ? [...others, box.value] : others });
    }
    const date = event.target.closest?.('.wj-scope-dates input');
    if (date) set({ ...now, [date.name]: date.value.trim() });
  });
  let typing = 0;
  document.addEventListener('input', (event) => {
    if (!event.target.matches('.wj-scope-find')) return;
    clearTimeout(typing);
    typing = setTimeout(list, 200);
  });

  // ---- named in the question: @ and a part of a name, # and a part of a tag
  const area = () => document.querySelector('#wj-question textarea');
  let offered = []; // what can be chosen now
  let at = 0;
  let finding = 0;
  const mark = (field) => field.value.slice(0, field.selectionStart).match(/[@＠#＃]([^\s@＠#＃]{0,40})$/);
  const box = () => {
    const there = document.querySelector('.wj-complete');
    if (there) return there;
    const made_ = made('ul', 'wj-complete');
    made_.id = 'wj-complete';
    made_.setAttribute('role', 'listbox');
    made_.setAttribute('aria-label', say('scope.complete'));
    made_.hidden = true;
    document.querySelector('#wj-ask')?.append(made_);
    return made_;
  };
  async function offer() {
    const field = area();
    const found = mark(field);
    const turn = ++finding;
    if (!found || !find('.wj-scope-open')) return close();
    const tagged = '#＃'.includes(found[0][0]);
    try {
      const { documents, tags } = await call(api('names', { containing: tagged ? '' : found[1], limit: COMPLETED }));
      if (turn !== finding) return undefined;
      const wanted = found[1].toLowerCase();
      const fitting = tags.filter((tag) => tag.toLowerCase().includes(wanted)).map((tag) => ['tags', tag, `#${tag}`]);
      const named = documents.map((one) => ['documents', pattern(one.document), one.title]);
      offered = (tagged && fitting.length ? fitting : tagged && wanted ? [] : named).slice(0, COMPLETED);
    } catch { offered = []; }
    at = 0;
    return draw();
  }
  function draw() {
    const all = box();
    all.hidden = !offered.length;
    all.replaceChildren(...offered.map(([, , text], i) => {
      const one = made('li', '', text);
      one.id = `wj-complete-${i}`;
      one.setAttribute('role', 'option');
      one.setAttribute('aria-selected', String(i === at));
      return one;
    }));
    if (all.hidden) return area()?.removeAttribute('aria-activedescendant');
    area().setAttribute('aria-controls', 'wj-complete');
    area().setAttribute('aria-activedescendant', `wj-complete-${at}`);
    return undefined;
  }
  function close() {
    finding += 1;
    if (!offered.length) return;
    offered = [];
    draw();
  }
  function take(i) {
    const [kind, chosen] = offered[i];
    const field = area();
    const found = mark(field);
    const end = field.selectionStart;
    const rest = field.value.slice(end);
    const start = found ? end - found[0].length : end;
    window.wj.field(field.value.slice(0, start) + rest);
    field.setSelectionRange(start, start);
    field.focus();
    set({ ...now, [kind]: [...now[kind].filter((one) => one !== chosen), chosen] });
    close();
  }
  document.addEventListener('input', (event) => { if (event.target === area()) offer(); });
  // Before gradio's own listener: while names are offered Return takes one and asks nothing.
  document.addEventListener('keydown', (event) => {
    if (!offered.length || event.target !== area() || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && !['Enter', 'Tab', 'Escape'].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (step) { at = (at + step + offered.length) % offered.length; draw(); }
    else if (event.key === 'Escape') close();
    else take(at);
  }, true);
  document.addEventListener('mousedown', (event) => {
    const one = event.target.closest?.('.wj-complete li');
    if (!one) return;
    event.preventDefault();
    take([...one.parentElement.children].indexOf(one));
  });
  document.addEventListener('focusout', (event) => { if (event.target === area()) close(); });

  // ---- the conversation's own
  const here = new URLSearchParams(window.location.search);
  now = { documents: here.getAll('documents'), tags: here.getAll('tags'), since: here.get('since') ?? '', until: here.get('until') ?? '' };
  let shown = '';
  new MutationObserver(() => {
    const open = find('.wj-scope-open');
    if (open && open !== painted) paint();
    const holder = document.querySelector('#wj-id [data-id]');
    if (!holder || holder.dataset.id === shown) return;
    const begun = !shown;
    shown = holder.dataset.id;
    // One just begun was asked with what is chosen now.
    if (shown && !(begun && document.querySelector('#wj-now [data-state=busy]'))) set(JSON.parse(holder.dataset.scope || 'null'));
  }).observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-id'] });
})();
