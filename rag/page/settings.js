// The settings of the running server: shown, tried, applied; servers of chat models looked for; the
// model that answers chosen beside the question.
(() => {
  const { say, api, call, send, made, button } = window.wj;
  const OPENAI = /^openai:/;
  const find = (name) => document.querySelector(`.wj-settings ${name}`);
  const fields = () => [...document.querySelectorAll('.wj-settings form [name]')];
  const one = (name) => find(`[name=${name}]`);

  function values() {
    const found = Object.fromEntries(fields().filter((field) => !field.disabled).map((field) => {
      if (field.type === 'checkbox') return [field.name, field.checked];
      return [field.name, field.type === 'number' ? Number(field.value) : field.value.trim()];
    }));
    if (!found.key) delete found.key;
    return found;
  }
  function show(now) {
    for (const field of fields()) {
      if (field.name === 'key') field.value = '';
      else if (field.type === 'checkbox') field.checked = now.values[field.name];
      else field.value = String(now.values[field.name]).replace(field.name === 'model' ? OPENAI : /$^/, '');
      if (['model', 'base_url', 'key'].includes(field.name)) field.disabled = now.fixed_server;
    }
    find('.wj-settings-fixed').hidden = !now.fixed_server;
    find('.wj-settings-servers').hidden = now.fixed_server;
    find('.wj-settings-key').textContent = now.key_typed ? say('settings.key_kept', { address: now.values.base_url })
      : now.key_for ? say('settings.key_for', { address: now.key_for }) : '';
    find('.wj-settings-changed').hidden = !now.changed;
    find('.wj-settings-scope').textContent = say(now.kept ? 'settings.kept' : 'settings.scope');
    offered(now);
  }
  // A message names a setting by its group and name; the page by its label.
  function note(place, text, bad = false) {
    const told = find(place);
    told.textContent = text.replace(/\b(?:chat|answering|retrieval)\.(\w+)/g, (all, name) => one(name)?.dataset.label ?? all);
    told.classList.toggle('wj-bad', bad);
  }
  const failed = (place) => (error) => note(place, error.message, true);

  document.addEventListener('wj-view', ({ detail }) => {
    if (detail !== 'settings') return;
    call(api('settings')).then((now) => { show(now); note('.wj-settings-note', ''); }).catch(failed('.wj-settings-note'));
  });
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('.wj-settings form')) return;
    event.preventDefault();
    send(api('settings'), 'PUT', values())
      .then((now) => { show(now); note('.wj-settings-note', say('settings.saved')); }).catch(failed('.wj-settings-note'));
  });

  // ---- a server of chat models
  function use(base_url, model = '') {
    one('base_url').value = base_url;
    one('model').value = model;
    note('.wj-settings-tested', '');
    (model ? find('.wj-settings-test') : one(one('key').value || /127\.0\.0\.1|localhost/.test(base_url) ? 'model' : 'key')).focus();
  }
  function suggested(models) {
    find('#wj-models').replaceChildren(...models.map((name) => new Option(name, name)));
  }
  const ACTS = {
    look: async () => {
      note('.wj-settings-tested', say('settings.looking'));
      const { servers } = await call(api('settings/servers'), { method: 'POST' });
      note('.wj-settings-tested', servers.length ? '' : say('settings.none_here'), !servers.length);
      find('.wj-settings-found').replaceChildren(...servers.flatMap(({ name, base_url, models }) => (models.length ? models.slice(0, 12) : ['']).map((model) => {
        const text = [name, model || base_url].join(' · ');
        return button(text, say('settings.use', { what: text }), () => { use(base_url, model); suggested(models); });
      })));
    },
    list: async () => {
      const { base_url, key } = values();
      const { models } = await send(api('settings/models'), 'POST', { base_url, ...(key ? { key } : {}) });
      suggested(models);
      note('.wj-settings-tested', say('settings.listed', { models: models.length }));
      if (!one('model').value && models.length === 1) [one('model').value] = models;
      one('model').focus();
    },
    test: async () => {
      note('.wj-settings-tested', say('settings.testing'));
      const found = await send(api('settings/test'), 'POST', values());
      if (found.ok) note('.wj-settings-tested', say('settings.works', { model: found.model.replace(OPENAI, ''), seconds: String(found.seconds) }));
      else note('.wj-settings-tested', found.error, true);
    },
    reset: async () => {
      show(await call(api('settings'), { method: 'DELETE' }));
      note('.wj-settings-note', say('settings.was_reset'));
    },
  };
  document.addEventListener('click', async (event) => {
    const preset = event.target.closest?.('[data-preset]');
    if (preset) return use(preset.dataset.preset, preset.dataset.model);
    const way = event.target.closest?.('[data-settings]');
    if (!way) return undefined;
    const place = way.dataset.settings === 'reset' ? '.wj-settings-note' : '.wj-settings-tested';
    way.disabled = true;
    await ACTS[way.dataset.settings]().catch(failed(place));
    way.disabled = false;
    return undefined;
  });

  // ---- which model answers: chosen for the questions of this tab
  const box = () => document.querySelector('.wj-model');
  let server = null; // what the settings say
  let chosen = null; // null for what is set
  let filled = null;
  window.wj.asking = () => JSON.stringify({ ...(window.wj.scope.value() ?? {}), ...(chosen === null ? {} : { model: chosen }) });
  function offered(now) {
    if (server && server.values.model !== now.values.model) chosen = null;
    server = now;
    fill([]);
  }
  function fill(models) {
    if (!box() || !server) return;
    const { model } = server.values;
    filled = box();
    const names = [...new Set([...(model ? [model] : []), ...models.map((name) => (OPENAI.test(name) ? name : `openai:${name}`))])];
    box().replaceChildren(
      ...names.map((name) => new Option(name.replace(OPENAI, ''), name)),
      new Option(say('turn.extract'), ''),
      ...(model || server.fixed_server ? [] : [new Option(say('model.connect'), '+')]),
    );
    box().value = chosen ?? model;
  }
  // The other models of the server are asked for when somebody wants to choose.
  let asked = '';
  async function others() {
    const { base_url, model } = server?.values ?? {};
    if (!model || !base_url || server.fixed_server || asked === base_url) return;
    asked = base_url;
    const { models } = await send(api('settings/models'), 'POST', { base_url }).catch(() => ({ models: [] }));
    fill(models);
  }
  document.addEventListener('focusin', (event) => { if (event.target === box()) others(); });
  document.addEventListener('change', (event) => {
    if (event.target !== box()) return;
    const { value } = box();
    if (value === '+') {
      box().value = chosen ?? server.values.model;
      window.wj.go({ view: 'settings' });
    } else chosen = value === server.values.model ? null : value;
  });
  new MutationObserver(() => {
    if (!box() || box() === filled) return;
    filled = box();
    if (server) fill([]); else call(api('settings')).then(offered).catch(() => {});
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
