// The documents: listed, found, added with progress, removed. Text goes into the page as text only.
(() => {
  const { say } = window.wj;
  const find = (name) => document.querySelector(name ? `.wj-docs ${name}` : '.wj-docs');
  let leaving = null; // ends what is being added

  function made(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  async function reply(request) {
    const response = await request;
    const value = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(value.error ?? `HTTP ${response.status}`);
    return value;
  }
  const address = (name) => `api/documents/${name.split('/').map(encodeURIComponent).join('/')}`;

  // ---- the list
  let asked = 0;
  async function list() {
    const turn = ++asked;
    const wanted = find('.wj-docs-find').value;
    try {
      const found = await reply(fetch(`api/documents?containing=${encodeURIComponent(wanted)}`));
      if (turn === asked) show(found, wanted);
    } catch (error) {
      if (turn === asked) note(error.message, true);
    }
  }
  function show(found, wanted) {
    const chunks = found.reduce((sum, one) => sum + one.chunks, 0);
    find('.wj-docs-count').textContent = wanted.trim()
      ? say('docs.mentioning', { documents: found.length, term: wanted.trim() })
      : say('docs.counted', { documents: found.length, passages: chunks });
    find('.wj-docs-list').replaceChildren(...found.map(row));
    if (!wanted.trim()) counted(found.length, chunks);
  }
  function counted(documents, chunks) {
    const welcome = document.querySelector('.wj-welcome');
    if (welcome) welcome.dataset.documents = documents;
    const head = document.querySelector('.wj-counts');
    if (head) head.textContent = `${say('count.documents', { documents })} · ${say('count.passages', { passages: chunks })}`;
  }
  function row(one) {
    const item = made('li', 'wj-doc');
    const text = made('div', 'wj-doc-text');
    text.append(made('b', '', one.title));
    const facts = [one.document];
    if (one.date) facts.push(`${one.date} ${say(one.date_inferred ? 'date.inferred' : 'date.stated')}`);
    facts.push(say('docs.passages', { passages: one.chunks }));
    facts.push(say('docs.characters', { characters: one.characters }));
    text.append(made('small', '', facts.join(' · ')));
    const remove = made('button', 'wj-plain', say('docs.delete'));
    remove.type = 'button';
    remove.setAttribute('aria-label', `${say('docs.delete')} ${one.document}`);
    remove.addEventListener('click', () => {
      if (remove.dataset.sure) return void drop(one, remove);
      remove.dataset.sure = '1';
      remove.classList.add('wj-sure');
      remove.textContent = say(one.added ? 'docs.delete_sure' : 'docs.take_out_sure');
      remove.addEventListener('blur', () => setTimeout(list, 200), { once: true });
    });
    item.append(text, remove);
    return item;
  }
  async function drop(one, button) {
    button.disabled = true;
    try {
      await reply(fetch(address(one.document), { method: 'DELETE' }));
      note(say('docs.deleted', { document: one.document }));
    } catch (error) {
      note(error.message, true);
    }
    await list();
  }

  // ---- adding
  function note(text, bad = false) {
    const place = find('.wj-docs-note');
    place.textContent = text;
    place.classList.toggle('wj-bad', bad);
  }
  function bar(share, text) {
    const place = find('.wj-docs-progress');
    place.hidden = share === null;
    if (share === null) return;
    place.querySelector('progress').value = share;
    place.querySelector('span').textContent = text;
  }
  const left = (started, share) => {
    const seconds = Math.ceil(((performance.now() - started) / 1000) * (1 / share - 1));
    return say('docs.left', { seconds });
  };
  async function add(files) {
    if (leaving || !files.length) return;
    leaving = new AbortController();
    find('.wj-docs-skipped').replaceChildren();
    find('').classList.add('wj-adding');
    note('');
    try {
      const refused = await upload(files, leaving.signal);
      const report = await read(leaving.signal);
      const skipped = [...refused, ...report.skipped];
      const seconds = report.seconds.toFixed(1);
      const { read: done, unchanged } = report;
      note(say('docs.report', { read: done, unchanged, skipped: skipped.length, seconds }), skipped.length > 0);
      find('.wj-docs-skipped').replaceChildren(...skipped.map((one) => {
        const item = made('li');
        item.append(made('b', '', one.document), ` ${one.reason}`);
        return item;
      }));
    } catch (error) {
      note(error.name === 'AbortError' ? say('docs.cancelled') : error.message, true);
    }
    leaving = null;
    bar(null);
    find('').classList.remove('wj-adding');
    await list();
  }
  async function upload(files, signal) {
    const all = files.reduce((sum, one) => sum + one.file.size, 0) || 1;
    const started = performance.now();
    const refused = [];
    let sent = 0;
    for (const [i, { file, name }] of files.entries()) {
      const share = sent / all;
      bar(share / 2, [say('docs.uploading', { n: i + 1, total: files.length, document: name }), sent ? left(started, share) : ''].join(' '));
      try {
        await reply(fetch(address(name), { method: 'PUT', body: file, signal }));
      } catch (error) {
        if (error.name === 'AbortError') throw error;
        refused.push({ document: name, reason: error.message });
      }
      sent += file.size;
    }
    return refused;
  }
  async function read(signal) {
    const response = await fetch('api/documents', { method: 'POST', signal });
    const started = performance.now();
    let rest = '';
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const lines = rest.split('\n');
      rest = lines.pop();
      for (const line of lines.filter(Boolean).map((text) => JSON.parse(text))) {
        if (line.error) throw new Error(line.error);
        if (line.report) return line.report;
        const share = line.done / line.total;
        const rate = (line.done / ((performance.now() - started) / 1000)).toFixed(1);
        bar(0.5 + share / 2, say('docs.reading', { ...line, rate, left: left(started, share) }));
      }
      if (done) throw new Error(say('docs.broken'));
    }
  }

  // ---- dropped files and folders
  async function dropped(transfer) {
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = [];
    async function walk(entry) {
      if (entry.isFile) {
        const file = await new Promise((good, bad) => entry.file(good, bad));
        found.push({ file, name: entry.fullPath.replace(/^\//, '') });
        return;
      }
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((good, bad) => reader.readEntries(good, bad));
        if (!some.length) return;
        for (const one of some) await walk(one);
      }
    }
    for (const entry of entries) await walk(entry);
    return found.filter(visible);
  }
  const visible = ({ name }) => !name.split('/').some((part) => part.startsWith('.'));
  const picked = (input) => [...input.files]
    .map((file) => ({ file, name: file.webkitRelativePath || file.name })).filter(visible);

  document.addEventListener('wj-view', ({ detail }) => {
    if (detail !== 'docs') return;
    list();
    find('.wj-docs-find').focus();
  });

  let typing = 0;
  document.addEventListener('input', (event) => {
    if (!event.target.matches('.wj-docs-find')) return;
    clearTimeout(typing);
    typing = setTimeout(list, 250);
  });
  document.addEventListener('change', (event) => {
    if (!event.target.matches('.wj-docs input[type=file]')) return;
    add(picked(event.target));
    event.target.value = '';
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest?.('.wj-docs-cancel')) leaving?.abort();
    const pick = event.target.closest?.('[data-pick]');
    if (pick) document.getElementById(pick.dataset.pick).click();
  });
  const files = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files') && find('');
  document.addEventListener('dragover', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    document.body.classList.add('wj-dragging');
  });
  document.addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) document.body.classList.remove('wj-dragging');
  });
  document.addEventListener('drop', async (event) => {
    document.body.classList.remove('wj-dragging');
    if (!files(event)) return;
    event.preventDefault();
    const found = dropped(event.dataTransfer);
    document.dispatchEvent(new CustomEvent('wj-view', { detail: 'docs' }));
    await add(await found);
  });
})();
