// Files and folders added: sent one by one, then read, with progress, and a report at the end.
(() => {
  const { say, api, made } = window.wj;
  const find = (name) => document.querySelector(`.wj-docs-add ${name}`);
  const address = (name) => api(`documents/${name.split('/').map(encodeURIComponent).join('/')}`);
  let leaving = null; // ends what is being added

  function note(text, bad = false) {
    const place = find('.wj-docs-report');
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
  const seconds = (started) => (performance.now() - started) / 1000;
  // Told once enough has been done to go by.
  function left(started, share) {
    if (seconds(started) < 3 || share < 0.02) return '';
    const rest = Math.ceil(seconds(started) * (1 / share - 1));
    return rest < 100 ? say('docs.left', { seconds: rest })
      : say('docs.left_minutes', { minutes: Math.ceil(rest / 60) });
  }

  function list(some, title) {
    if (!some.length) return;
    const all = made('ul');
    all.append(...some.map((one) => {
      const item = made('li');
      item.append(made('b', '', one.document), ` ${one.reason}${one.earlier ? say('docs.earlier') : ''}`);
      return item;
    }));
    find('.wj-docs-skipped').append(made('p', '', say(title, { documents: some.length })), all);
  }

  // Without files: takes up again what was left out of those that are there.
  async function add(files, again = false) {
    if (leaving || !(files.length || again)) return;
    leaving = new AbortController();
    find('.wj-docs-skipped').replaceChildren();
    document.querySelector('.wj-docs').classList.add('wj-adding');
    note('');
    try {
      const refused = await upload(files, leaving.signal);
      const report = await read(leaving.signal, again);
      const skipped = [...refused, ...report.skipped];
      const warned = report.warnings ?? [];
      const { read: done, unchanged } = report;
      const took = report.seconds.toFixed(1);
      note(say('docs.report', { read: done, unchanged, skipped: skipped.length, seconds: took }), skipped.length > 0);
      list(skipped, 'docs.skipped');
      list(warned, 'docs.warned');
    } catch (error) {
      const cancelled = error.name === 'AbortError';
      note(cancelled ? say('docs.cancelled') : error.message, !cancelled);
    }
    leaving = null;
    bar(null);
    document.querySelector('.wj-docs').classList.remove('wj-adding');
    document.dispatchEvent(new CustomEvent('wj-documents'));
  }
  // Not fetch: it does not tell how much of a file has been sent.
  function put(name, file, signal, moved) {
    return new Promise((good, bad) => {
      const request = new XMLHttpRequest();
      const leave = () => request.abort();
      request.open('PUT', address(name));
      request.responseType = 'json';
      request.setRequestHeader('Accept-Language', window.wj.tag);
      request.upload.onprogress = (event) => moved(event.loaded);
      request.onload = () => (request.status < 400 ? good()
        : bad(new Error(request.response?.error ?? `HTTP ${request.status}`)));
      request.onerror = () => bad(new Error(say('docs.broken')));
      request.onabort = () => bad(signal.reason);
      request.onloadend = () => signal.removeEventListener('abort', leave);
      signal.addEventListener('abort', leave);
      request.send(file);
    });
  }
  async function upload(files, signal) {
    const all = files.reduce((sum, one) => sum + one.file.size, 0) || 1;
    const started = performance.now();
    const refused = [];
    let sent = 0;
    for (const [i, { file, name }] of files.entries()) {
      const moved = (bytes) => {
        const share = (sent + bytes) / all;
        const rate = share ? ((sent + bytes) / 1e6 / seconds(started)).toFixed(1) : '…';
        const at = { n: i + 1, total: files.length, document: name, rate };
        bar(share / 2, [say('docs.uploading', at), left(started, share)].join(' '));
      };
      moved(0);
      try {
        signal.throwIfAborted();
        await put(name, file, signal, moved);
      } catch (error) {
        if (error.name === 'AbortError') throw error;
        refused.push({ document: name, reason: error.message });
      }
      sent += file.size;
    }
    return refused;
  }
  async function read(signal, again) {
    const wanted = api('documents', { retry_skipped: again ? 'true' : '' });
    const response = await window.wj.ask(wanted, { method: 'POST', signal });
    if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? `HTTP ${response.status}`);
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
        const share = line.bytes_total ? line.bytes_done / line.bytes_total : line.done / line.total;
        const rate = (line.done / seconds(started)).toFixed(1);
        bar(0.5 + share / 2, [say('docs.reading', { ...line, rate }), left(started, share)].join(' '));
      }
      if (done) throw new Error(say('docs.broken'));
    }
  }

  // ---- chosen and dropped files and folders
  const visible = ({ name }) => !name.split('/').some((part) => part.startsWith('.'));
  const picked = (input) => [...input.files]
    .map((file) => ({ file, name: file.webkitRelativePath || file.name })).filter(visible);
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

  document.addEventListener('change', (event) => {
    if (!event.target.matches('.wj-docs-add input[type=file]')) return;
    add(picked(event.target));
    event.target.value = '';
  });
  document.addEventListener('click', (event) => {
    if (event.target.closest?.('.wj-docs-cancel')) leaving?.abort();
    if (event.target.closest?.('.wj-docs-again')) add([], true);
    const pick = event.target.closest?.('[data-pick]');
    if (pick) document.getElementById(pick.dataset.pick).click();
  });
  const files = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files') && document.querySelector('.wj-docs');
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
    window.wj.go({ view: 'docs' });
    await add(await found);
  });
})();
