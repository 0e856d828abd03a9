// The settings of the running server: shown, tried, applied.
(() => {
  const { say, api, call, send } = window.wj;
  const find = (name) => document.querySelector(`.wj-settings ${name}`);
  const fields = () => [...document.querySelectorAll('.wj-settings form [name]')];

  function values() {
    return Object.fromEntries(fields().filter((one) => !one.disabled).map((one) => {
      if (one.type === 'checkbox') return [one.name, one.checked];
      return [one.name, one.type === 'number' ? Number(one.value) : one.value.trim()];
    }));
  }
  function show(now) {
    for (const one of fields()) {
      if (one.type === 'checkbox') one.checked = now.values[one.name];
      else one.value = now.values[one.name];
      if (one.name === 'model' || one.name === 'base_url') one.disabled = now.fixed_server;
    }
    find('.wj-settings-fixed').hidden = !now.fixed_server;
    find('.wj-settings-key').textContent = now.key_for
      ? say('settings.key_for', { address: now.key_for }) : say('settings.key_none');
    find('.wj-settings-toml').hidden = !now.toml;
    find('.wj-settings-toml code').textContent = now.toml;
    find('.wj-settings-scope').textContent = say(now.kept ? 'settings.kept' : 'settings.scope');
  }
  function note(place, text, bad = false) {
    const one = find(place);
    one.textContent = text;
    one.classList.toggle('wj-bad', bad);
  }

  document.addEventListener('wj-view', async ({ detail }) => {
    if (detail !== 'settings') return;
    try {
      show(await call(api('settings')));
      note('.wj-settings-note', '');
    } catch (error) { note('.wj-settings-note', error.message, true); }
  });
  document.addEventListener('submit', async (event) => {
    if (!event.target.matches('.wj-settings form')) return;
    event.preventDefault();
    try {
      show(await send(api('settings'), 'PUT', values()));
      note('.wj-settings-note', say('settings.saved'));
    } catch (error) { note('.wj-settings-note', error.message, true); }
  });
  document.addEventListener('click', async (event) => {
    if (!event.target.closest?.('.wj-settings-reset')) return;
    try {
      show(await call(api('settings'), { method: 'DELETE' }));
      note('.wj-settings-note', say('settings.was_reset'));
    } catch (error) { note('.wj-settings-note', error.message, true); }
  });
  document.addEventListener('click', async (event) => {
    const button = event.target.closest?.('.wj-settings-test');
    if (!button) return;
    button.disabled = true;
    note('.wj-settings-tested', say('settings.testing'));
    try {
      const found = await send(api('settings/test'), 'POST', values());
      if (found.ok) note('.wj-settings-tested', say('settings.works', { ...found, seconds: String(found.seconds) }));
      else note('.wj-settings-tested', found.error, true);
    } catch (error) { note('.wj-settings-tested', error.message, true); }
    button.disabled = false;
  });
})();
