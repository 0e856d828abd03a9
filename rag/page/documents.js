// The documents: listed, found, corrected, removed; passages searched for among them. Text goes
// into the page as text only.
(() => {
  const { say, api, call, send, made, button, sure } = window.wj;
  const find = (name) => document.querySelector(`.wj-docs ${name}`);
  const named = (name) => name.split('/').map(encodeURIComponent).join('/');

  function note(text, bad = false) {
    const place = find('> .wj-docs-note');
    place.textContent = text;
    place.classList.toggle('wj-bad', bad);
  }
  // What was removed can be brought back for a while.
  function undone(text, gone) {
    note(`${text} `);
    const seconds = Math.min(...gone.map((one) => one.undo_seconds));
    const back = button(say('docs.undo'), say('docs.undo'), async () => {
      const names = [];
      try {
        for (const { undo } of gone) names.push((await call(api(`removed/${undo}`), { method: 'POST' })).document);
        note(say('docs.undone', { document: names.join(say('list.pause')) }));
      } catch (error) {
        note(error.message, true);
      }
      await list();
    });
    find('> .wj-docs-note').append(back);
    setTimeout(() => back.remove(), seconds * 1000);
  }
  function filters() {
    const fields = [...document.querySelectorAll('.wj-docs-filters input')];
    return Object.fromEntries(fields.map((one) => [one.name, one.value.trim()]));
  }

  // ---- the list
  let asked = 0;
  async function list(from = 0) {
    const turn = ++asked;
    const wanted = find('.wj-docs-find').value.trim();
    try {
      const found = await call(api('documents', { containing: wanted, offset: from || '', ...filters() }));
      if (turn === asked) show(found, wanted, from);
    } catch (error) {
      if (turn === asked) note(error.message, true);
    }
  }
  function show(found, wanted, from) {
    const { total, chunks, documents } = found;
    find('.wj-docs-count').textContent = wanted
      ? say('docs.mentioning', { documents: total, term: wanted })
      : say('docs.counted', { documents: total, passages: chunks });
    const rows = [...(from ? [] : found.unread ?? []).map(unread), ...documents.map(row)];
    if (from) find('.wj-docs-list').append(...rows); else find('.wj-docs-list').replaceChildren(...rows);
    const shown = from + documents.length;
    const again = find('.wj-docs-again');
    if (!from && !wanted) {
      const incomplete = (found.incomplete ?? 0) + (found.unread ?? []).length;
      again.hidden = !incomplete;
      again.textContent = say('docs.again', { documents: incomplete });
    }
    const rest = find('.wj-docs-rest');
    rest.hidden = shown >= total;
    rest.textContent = say('docs.more', { documents: Math.min(total - shown, documents.length) });
    rest.onclick = () => list(shown);
    if (find('> .wj-docs-note').classList.contains('wj-bad')) note('');
    if (!wanted && !Object.values(filters()).some(Boolean)) counted(total, chunks);
  }
  function counted(documents, chunks) {
    const welcome = document.querySelector('.wj-welcome');
    if (welcome) welcome.dataset.documents = documents;
    const head = document.querySelector('.wj-counts');
    if (head) head.textContent = `${say('count.documents', { documents })} · ${say('count.passages', { passages: chunks })}`;
  }
  const UNITS = ['B', 'kB', 'MB', 'GB'];
  function size(bytes) {
    let value = bytes;
    let unit = 0;
    while (value >= 1000 && unit < UNITS.length - 1) { value /= 1000; unit += 1; }
    return `${unit && value < 10 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
  }
  function facts(one) {
    const corrected = one.corrected ?? [];
    const origin = corrected.includes('date') ? 'docs.corrected' : one.date_inferred ? 'date.inferred' : 'date.stated';
    return [
      one.document,
      one.date && `${one.date} ${say(origin)}`,
      one.bytes !== null && size(one.bytes),
      one.last_page && say('docs.last_page', { page: String(one.last_page) }),
      say('docs.passages', { passages: one.chunks }),
      say('docs.characters', { characters: one.characters }),
      ...(one.tags ?? []).map((tag) => `#${tag}`),
      corrected.includes('title') && `${say('docs.correct_title')} ${say('docs.corrected')}`,
    ].filter(Boolean).join(' · ');
  }
  function row(one) {
    const item = made('li', 'wj-doc');
    item.dataset.document = one.document;
    const text = made('div', 'wj-doc-text');
    const way = made('button', 'wj-doc-open');
    way.type = 'button';
    way.dataset.read = one.document;
    way.append(made('b', '', one.title));
    text.append(way, made('small', '', facts(one)));
    if (one.warnings?.length) {
      const more = made('details', 'wj-doc-warnings');
      const all = made('ul');
      all.append(...one.warnings.map((warning) => made('li', '', warning)));
      more.append(made('summary', '', say('docs.warnings', { warnings: one.warnings.length })), all);
      text.append(more);
    }
    const correct = button(say('docs.correct'), `${say('docs.correct')} ${one.document}`, () => edit(one, item));
    correct.classList.add('wj-doc-correct');
    const remove = button(say('docs.delete'), `${say('docs.delete')} ${one.document}`, () => {
      sure(remove, say(one.added ? 'docs.delete_sure' : 'docs.take_out_sure'), () => drop(one, remove));
    });
    item.append(picker(one), text, correct, remove);
    return item;
  }
  // A file that was added and could not be read: it stays until somebody removes it.
  function unread(one) {
    const item = made('li', 'wj-unread');
    const text = made('div', 'wj-doc-text');
    text.append(made('b', '', one.document), made('small', '', say('docs.unread', { reason: one.reason ?? '' })));
    const remove = button(say('docs.delete'), `${say('docs.delete')} ${one.document}`, () => {
      sure(remove, say('docs.delete_sure'), () => drop(one, remove));
    });
    item.append(text, remove);
    return item;
  }
  // ---- several at once
  const chosen = new Map(); // those that are ticked, by name
  function picker(one) {
    const box = made('input', 'wj-doc-pick');
    box.type = 'checkbox';
    box.checked = chosen.has(one.document);
    box.setAttribute('aria-label', say('docs.pick', { document: one.document }));
    box.addEventListener('change', () => {
      if (box.checked) chosen.set(one.document, one); else chosen.delete(one.document);
      picked();
    });
    return box;
  }
  function picked() {
    const bar = find('.wj-docs-picked');
    bar.hidden = !chosen.size;
    bar.querySelector('span').textContent = say('docs.picked', { documents: chosen.size });
    const drop = bar.querySelector('[data-pick-act=delete]');
    window.wj.unsure(drop, say('docs.delete'));
  }
  function forget() {
    chosen.clear();
    for (const box of document.querySelectorAll('.wj-doc-pick')) box.checked = false;
    picked();
  }
  const PICKED = {
    ask: () => {
      window.wj.scope.set(window.wj.scope.of([...chosen.keys()]));
      forget();
      window.wj.go({ view: 'talk', c: '' });
      document.querySelector('#wj-question textarea').focus();
    },
    export: async () => {
      const response = await window.wj.ask(api('texts'), {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ documents: [...chosen.keys()] }),
      });
      if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? `HTTP ${response.status}`);
      window.wj.save(await response.blob(), say('docs.archive'));
    },
    all: () => {
      for (const box of document.querySelectorAll('.wj-doc-pick:not(:checked)')) box.click();
    },
    none: forget,
    delete: async () => {
      const names = [...chosen.keys()];
      const undos = [];
      for (const name of names) undos.push(await call(api(`documents/${named(name)}`), { method: 'DELETE' }));
      forget();
      undone(say('docs.deleted_some', { documents: names.length }), undos);
      await list();
    },
  };
  document.addEventListener('click', (event) => {
    const one = event.target.closest?.('[data-pick-act]');
    if (!one) return;
    const act = PICKED[one.dataset.pickAct];
    const run = async () => {
      try { await act(); } catch (error) { note(error.message, true); await list(); }
    };
    if (one.dataset.pickAct === 'delete') sure(one, say('docs.delete_picked', { documents: chosen.size }), run); else run();
  });

  async function drop(one, self) {
    self.disabled = true;
    try {
      const gone = await call(api(`documents/${named(one.document)}`), { method: 'DELETE' });
      chosen.delete(one.document);
      picked();
      undone(say('docs.deleted', { document: one.document }), [gone]);
    } catch (error) {
      note(error.message, true);
    }
    await list();
    find('.wj-docs-find').focus();
  }

  // ---- title and date put right
  // Whoever uses the keyboard goes on where they were.
  function back(one) {
    const rows = [...document.querySelectorAll('.wj-docs-list .wj-doc')];
    rows.find((item) => item.dataset.document === one.document)?.querySelector('.wj-doc-correct').focus();
  }
  function field(label, value) {
    const holder = made('label', '', label);
    const input = made('input', 'wj-field');
    input.value = value;
    holder.append(input);
    return [holder, input];
  }
  function edit(one, item) {
    const form = made('form', 'wj-doc-form wj-fields');
    const [title, newTitle] = field(say('docs.correct_title'), one.title);
    const [date, newDate] = field(say('docs.correct_date'), one.date ?? '');
    newTitle.maxLength = 300;
    newDate.placeholder = '2024-05-06';
    newDate.size = 12;
    const save = made('button', 'wj-plain', say('docs.correct_save'));
    const leave = button(say('docs.cancel'), `${say('docs.cancel')} ${one.document}`, () => {
      item.replaceWith(row(one));
      back(one);
    });
    form.append(title, date, save, leave);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      const wanted = {};
      if (newTitle.value.trim() !== one.title) wanted.title = newTitle.value.trim();
      if (newDate.value.trim() !== (one.date ?? '')) wanted.date = newDate.value.trim();
      try {
        await send(api(`documents/${named(one.document)}`), 'PATCH', wanted);
      } catch (error) {
        note(error.message, true);
        return;
      }
      note(say('docs.correct_saved', { document: one.document }));
      await list();
      back(one);
    });
    form.addEventListener('keydown', (event) => { if (event.key === 'Escape') leave.click(); });
    item.replaceChildren(form);
    newTitle.focus();
  }

  // ---- passages
  async function search() {
    const question = find('.wj-docs-find').value.trim();
    if (!question) return find('.wj-docs-find').focus();
    try {
      const found = await call(api('search', { question, k: 20, ...filters() }));
      find('.wj-docs-found').hidden = false;
      find('.wj-docs-found h2').textContent = say(
        found.length ? 'docs.found' : 'docs.found_none', { question, passages: found.length },
      );
      find('.wj-docs-passages').replaceChildren(...found.map(passage));
      note('');
    } catch (error) { note(error.message, true); }
  }
  function passage(one) {
    const item = made('li', 'wj-doc-passage');
    const [first, last] = one.lines ?? [];
    const lines = first === last ? say('evidence.line', { line: String(first) })
      : say('evidence.lines', { first: String(first), last: String(last) });
    const place = [
      one.document, one.date, one.page && say('evidence.page', { page: String(one.page) }), one.lines && lines,
      one.headings.join(' › '),
    ].filter(Boolean).join(' · ');
    const way = made('button', 'wj-doc-open');
    way.type = 'button';
    way.dataset.read = one.document;
    way.dataset.start = one.start;
    way.dataset.end = one.end;
    way.append(made('b', '', one.title));
    item.append(way, made('small', '', place), made('p', 'wj-ev-text', one.text));
    return item;
  }
  function closed() { find('.wj-docs-found').hidden = true; }

  document.addEventListener('wj-view', ({ detail }) => {
    if (detail !== 'docs') return;
    list();
    find('.wj-docs-find').focus();
  });
  document.addEventListener('wj-documents', () => list());
  // Another program may have changed the index meanwhile.
  window.addEventListener('focus', () => { if (find('.wj-docs-list')) list(); });

  let typing = 0;
  document.addEventListener('input', (event) => {
    if (!event.target.matches('.wj-docs-find:not(.wj-talks-find), .wj-docs-filters input')) return;
    clearTimeout(typing);
    typing = setTimeout(list, 250);
  });
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('.wj-docs [role=search]')) return;
    event.preventDefault();
    search();
  });
  document.addEventListener('click', (event) => {
    const clear = event.target.closest?.('.wj-docs [data-clear]')?.dataset.clear;
    if (clear === 'found') closed();
    if (clear !== 'filters') return;
    for (const one of document.querySelectorAll('.wj-docs-filters input')) one.value = '';
    list();
  });
})();
