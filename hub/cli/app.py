"""The command tree. Adding a command: a module here, one line below."""

from __future__ import annotations

import typer

from hub.cli import (
    alarms,
    client,
    clients,
    consents,
    demo,
    demo_seed,
    evaluate,
    events,
    hubs,
    judgements,
    link,
    load,
    log,
    look_up,
    model,
    notices,
    openapi,
    pins,
    policy,
    profile,
    quarantine,
    representations,
    resolve,
    restrictions,
    reviews,
    rights,
    serve,
    why,
    worker,
)

app = typer.Typer(
    name="hub",
    help="Constituent Hub: agencies' records of the same people and businesses, as one profile each.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(hubs.init)
app.command("migrate")(hubs.migrate)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("openapi")(openapi.openapi)
app.command("stop")(hubs.stop)
app.command("doctor")(hubs.doctor)
app.command("load")(load.load)
app.command("link")(link.link)
app.command("resolve")(resolve.resolve)
app.command("why")(why.why)
app.command("look-up")(look_up.look_up)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(profile.app, name="profile")
app.add_typer(pins.app, name="pin")
app.add_typer(judgements.app, name="judge")
app.add_typer(reviews.app, name="review")
app.add_typer(consents.app, name="consent")
app.add_typer(representations.app, name="represent")
app.add_typer(restrictions.app, name="restrict")
app.add_typer(notices.app, name="notices")
app.add_typer(rights.app, name="rights")
app.add_typer(policy.app, name="policy")
app.add_typer(events.app, name="events")
app.add_typer(log.app, name="log")
app.add_typer(model.app, name="model")
app.add_typer(clients.app, name="clients")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(alarms.app, name="alarms")
app.add_typer(client.app, name="client")
app.add_typer(quarantine.app, name="quarantine")
demo.app.command("seed")(demo_seed.seed)
app.add_typer(demo.app, name="demo")
