// A document to read: its text in parts that come as one scrolls, its outline, what is found in it,
// the quoted place marked. Text goes into the page as text only.
(() => {
  const { say, api, call, made, button, go } = window.wj;
  const NEAR = 900; // pixels from an end, at which more of the text is asked for
  const find = (name) => document.querySelector(`.wj-read ${name}`);
  let open = null; // { name, first, end, total, marked: [start, end] | null, busy }
  let asked = 0;

  async function show(name, at) {
    const turn = ++asked;
    const [start, end] = (at ?? '').split('-').map(Number);
    const marked = Number.isInteger(start) && end > start ? [start, end] : null;
    note('');
    if (open?.name !== name) { find('.wj-read-text').replaceChildren(); find('.wj-read-title').textContent = name; searched(null); }
    try {
      const part = await call(api('reading', { document: name, at: marked ? start : '' }));
      if (turn !== asked) return;
      open = { name, first: part.first, end: part.end, total: part.total, marked, busy: false, paged: part.paged };
      head(part);
      outline(part.outline);
      find('.wj-read-text').replaceChildren(...blocks(part.blocks));
      settle();
    } catch (error) { if (turn === asked) note(error.message, true); }
  }
  function note(text, bad = false) {
    const place = find('.wj-read-status');
    place.textContent = text;
    place.classList.toggle('wj-bad', bad);
  }
  function head(part) {
    find('.wj-read-title').textContent = part.title;
    const origin = say(part.date_inferred ? 'date.inferred' : 'date.stated');
    find('.wj-read-facts').textContent = [
      part.document, part.date && `${part.date} ${origin}`, part.publisher,
      ...part.tags.map((tag) => `#${tag}`), say('docs.characters', { characters: part.characters }),
    ].filter(Boolean).join(' · ');
  }
  function outline(headings) {
    const all = headings.map((one) => {
      const item = made('li');
      item.style.paddingInlineStart = `${Math.min(one.level, 4) * 12}px`;
      const way = button(one.text, one.text, () => jump(one.start, null));
      way.className = 'wj-read-way';
      way.dataset.start = one.start;
      item.append(way);
      return item;
    });
    find('.wj-read-outline ol').replaceChildren(...all);
    find('.wj-read-outline').hidden = !all.length;
  }

  // ---- the text
  // Offsets count code points, strings of a script do not.
  function pieces(text, from) {
    const [start, end] = open.marked ?? [0, 0];
    const points = [...text];
    if (end <= from || start >= from + points.length) return [text];
    const cut = (a, b) => points.slice(Math.max(0, a - from), Math.max(0, b - from)).join('');
    return [cut(from, start), made('mark', 'wj-on', cut(Math.max(start, from), end)), cut(end, from + points.length)];
  }
  const LEVELS = ['h3', 'h4', 'h5', 'h6'];
  function blocks(some) {
    const found = [];
    let page = null;
    for (const one of some) {
      if (one.page && one.page !== page) {
        page = one.page;
        const sheet = made('p', 'wj-read-page', say('evidence.page', { page: String(page) }));
        sheet.dataset.page = page;
        found.push(sheet);
      }
      if (one.kind === 'table row') { row(one, found); continue; }
      const heading = one.kind === 'heading' || one.kind === 'title';
      const element = made(heading ? LEVELS[Math.min(one.level, 3)] : 'p', `wj-read-${one.kind.replace(' ', '-')}`);
      element.append(...pieces(one.text, one.start));
      element.dataset.start = one.start;
      if (heading) element.append(asking(one.text));
      found.push(element);
    }
    return found;
  }
  function row(one, found) {
    let table = found.at(-1);
    if (!table?.matches?.('.wj-rows')) {
      table = made('div', 'wj-rows');
      table.tabIndex = 0;
      table.append(made('table'));
      table.dataset.start = one.start;
      found.push(table);
    }
    const line = made('tr');
    line.dataset.start = one.start;
    let at = one.start;
    for (const cell of one.text.split('\t')) {
      const element = made(one.header ? 'th' : 'td');
      element.append(...pieces(cell, at));
      at += [...cell].length + 1;
      line.append(element);
    }
    table.firstChild.append(line);
  }
  function asking(text) {
    const section = text.trim();
    const one = button(say('read.ask_section'), say('read.ask_this', { section }), () => {
      window.wj.scope.set(window.wj.scope.of([open.name]));
      go({ view: 'talk', c: '' });
      window.wj.field(say('read.about', { section }));
      document.querySelector('#wj-question textarea').focus();
    });
    one.classList.add('wj-read-ask');
    return one;
  }
  // The marked place comes into the upper third, without one the beginning.
  function settle() {
    const target = find('.wj-read-text mark');
    if (target) window.scrollBy(0, target.getBoundingClientRect().top - window.innerHeight / 3);
    else window.scrollTo(0, 0);
    current(open.marked?.[0] ?? 0);
  }
  async function more(side) {
    if (!open || open.busy || (side < 0 ? !open.first : open.end >= open.total)) return;
    const here = open;
    here.busy = true;
    try {
      const part = await call(api('reading', side < 0 ? { document: here.name, until: here.first } : { document: here.name, block: here.end }));
      if (open !== here) return;
      const text = find('.wj-read-text');
      const height = document.documentElement.scrollHeight;
      if (side < 0) {
        text.prepend(...blocks(part.blocks));
        here.first = part.first;
        window.scrollBy(0, document.documentElement.scrollHeight - height);
      } else {
        text.append(...blocks(part.blocks));
        here.end = part.end;
      }
    } catch (error) { note(error.message, true); }
    here.busy = false;
  }
  const reading = () => document.body.classList.contains('wj-view-read');
  document.addEventListener('scroll', () => {
    if (!reading() || !open) return undefined;
    const { scrollY, innerHeight } = window;
    if (scrollY < NEAR) more(-1);
    if (document.documentElement.scrollHeight - scrollY - innerHeight < NEAR) more(1);
    const box = find('.wj-read-text mark')?.getBoundingClientRect();
    if (box && box.bottom > 0 && box.top < innerHeight) return current(open.marked[0]);
    const passed = [...document.querySelectorAll('.wj-read-text [data-start]')].findLast((one) => one.getBoundingClientRect().top < 180);
    return current(passed ? Number(passed.dataset.start) : 0);
  }, { passive: true });
  function current(start) {
    const ways = [...document.querySelectorAll('.wj-read-way')];
    const last = ways.findLast((way) => Number(way.dataset.start) <= start);
    if (!last || last.hasAttribute('aria-current')) return;
    for (const way of ways) way.removeAttribute('aria-current');
    last.setAttribute('aria-current', 'true');
    const list = find('.wj-read-outline');
    list.scrollTop = last.offsetTop - list.clientHeight / 3;
  }

  // To a place of the document that is open; the address says where.
  function jump(start, end) {
    if (end !== null) return go({ view: 'read', doc: open.name, at: `${start}-${end}` });
    const there = document.querySelector(`.wj-read-text [data-start="${start}"]`);
    if (there) return there.scrollIntoView({ block: 'start' });
    return go({ view: 'read', doc: open.name, at: `${start}-${start + 1}` });
  }

  // ---- found in it
  let places = [];
  let at = -1;
  function searched(found) {
    places = found?.places ?? [];
    at = -1;
    find('.wj-read-count').textContent = found ? say(found.total ? 'read.found' : 'read.found_none', { places: found.total, term: found.term }) : '';
    for (const one of document.querySelectorAll('.wj-read-step')) one.hidden = !places.length;
  }
  function step(side) {
    if (!places.length) return;
    at = (at + side + places.length) % places.length;
    const { start, end } = places[at];
    find('.wj-read-count').textContent = say('read.at', { n: at + 1, places: places.length });
    go({ view: 'read', doc: open.name, at: `${start}-${end}` }, { replace: true });
  }
  document.addEventListener('submit', async (event) => {
    if (!event.target.matches('.wj-read-search')) return;
    event.preventDefault();
    const term = find('.wj-read-find').value.trim();
    if (!term || !open) return searched(null);
    if (find('.wj-read-find').dataset.term === term && places.length) return step(1);
    find('.wj-read-find').dataset.term = term;
    try {
      searched(await call(api('found', { document: open.name, term })));
      step(1);
    } catch (error) { note(error.message, true); }
    return undefined;
  });
  document.addEventListener('click', (event) => {
    const side = event.target.closest?.('.wj-read-step')?.dataset.step;
    if (side) return step(Number(side));
    if (event.target.closest?.('.wj-read-ask-all') && open) {
      window.wj.scope.set(window.wj.scope.of([open.name]));
      go({ view: 'talk', c: '' });
      return document.querySelector('#wj-question textarea').focus();
    }
    const way = event.target.closest?.('[data-read]');
    if (!way) return undefined;
    const { read, start, end } = way.dataset;
    return go({ view: 'read', doc: read, at: start && end ? `${start}-${end}` : '' });
  });
  document.addEventListener('wj-view', ({ detail }) => {
    if (detail !== 'read') return;
    const here = new URLSearchParams(window.location.search);
    show(here.get('doc') ?? '', here.get('at'));
  });
})();
