"""One of everything that the console has an address for, in one tenant.

    estate = Estate(office, office.other)
    one = estate.one()                          a user with all that hangs on one
    desk.get(one.at("/console/users/{id}"))

Each has a directory of their own, so that nothing done to one stands in the way of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keyturn.flows import batching, casework, linking, presence, resetting, support, verifying
from keyturn.flows.batching import Drafted
from keyturn.flows.resetting import JobView
from keyturn.flows.support import Opened
from keyturn.flows.verifying import Started
from keyturn.ports.devices import Secret
from keyturn.ports.store import Tx
from keyturn.rules.access import Action, Staff
from keyturn.rules.accounts import Role, Tenant, User, UserState
from keyturn.rules.countersigns import Countersign
from keyturn.rules.devices import WAIT_MS, Device, Pairing
from keyturn.rules.directories.entries import Scope
from keyturn.rules.directories.known import Known, Owing
from keyturn.rules.directories.syncs import Phase, Sync
from keyturn.rules.lockout import HOUR
from keyturn.rules.proofs import Method
from keyturn.rules.recoveries import begun
from keyturn.steps import casework as steps
from keyturn.steps.acts import begin
from tests.unit.adapters.test_syncing_contract import make_entry
from tests.unit.flows import handsets
from tests.unit.flows.house import House, run
from tests.unit.flows.programs import make_key
from tests.unit.web.console.desk import Office, let_in, linked
from tests.unit.web.corp import Corp

#: where the accounts of a directory are
UNIT = "OU=Sales,DC=x"


@dataclass(frozen=True, slots=True)
class Places:
    """What stands in braces in the console's addresses, filled in.

    Attributes:
        newcomer: another user, who has no phone yet and no account in the directory;
            disabled, frozen: others, who are that.
        link: with a provider; customer: of the tenant's, at which `member` acts and `fellow` does
            not; slug: of a tenant that may be let in.
        found: a look for an account that may be linked; `look`: at one that is.
        approval: waits for a second person; `own`: asked for by the asker.
        ref: of a case of the asker's; `asks`: of one of `colleague`'s, who ask the asker.
        names: words that nobody outside the tenant may read.
    """

    id: str
    newcomer: str
    disabled: str
    frozen: str
    passkey: str
    directory: str
    agent: str
    job: str
    look: str
    found: str
    account: str
    ref: str
    asks: str
    colleague: str
    verification: str
    batch: str
    key: str
    pairing: str
    presence: str
    approval: str
    own: str
    link: str
    customer: str
    member: str
    slug: str
    fellow: str
    names: tuple[str, ...] = ()

    def at(self, path: str) -> str:
        """The address, of a door's path."""
        others = {"enable": self.disabled, "number": self.disabled, "unfreeze": self.frozen}
        mine = others.get(path.rpartition("/")[2], self.id)
        return path.format(
            id=self._named(path) or mine, pairing=self.pairing,
            link=self.link, tenant=self.customer, member=self.member, slug=self.slug,
            fellow=self.fellow,
            look=self.found if "/link/" in path else self.look, newcomer=self.newcomer,
            passkey=self.passkey, directory=self.directory, agent=self.agent, job=self.job,
            account=self.account, method="text", colleague=self.colleague,
            ref=self.asks if path.endswith(("/approve", "/take")) else self.ref,
            mail=self.names[1] if self.names else "nobody@here.test",
            batch=self.batch,
            approval=self.own if path.endswith("/withdraw") else self.approval,
        )  # fmt: skip

    def _named(self, path: str) -> str:
        """What stands for an id that is no user's; "" where it is one's."""
        named = {
            "verifications": self.verification, "presence": self.presence, "keys": self.key
        }  # fmt: skip
        return named.get(path.partition("/console/")[2].partition("/")[0], "")


def nothing(house: House) -> Places:
    """What nothing in the house is called."""
    fresh = house.random.id(house.clock.now())
    return Places(
        id=fresh, newcomer=fresh, disabled=fresh, frozen=fresh, passkey=fresh, directory=fresh,
        agent=fresh, job=fresh, look=fresh, found=fresh, account="ff" * 16, ref="KT-ZZZZ-ZZ",
        asks="KT-YYYY-YY", colleague=fresh, verification=fresh, batch=fresh, key=fresh,
        pairing=fresh, presence=fresh, approval=fresh, own=fresh, link=fresh, customer=fresh,
        member=fresh, slug="nobody", fellow=fresh,
    )  # fmt: skip


class Estate:
    """See the module."""

    def __init__(self, office: Office, tenant: Tenant) -> None:
        self._office, self._house, self._tenant, self._count = office, office.house, tenant, 0
        self._provider = office.house.add_tenant(f"above-{tenant.slug}")
        self._customer = office.house.add_tenant(f"below-{tenant.slug}")
        self._link = linked(self._house, self._provider, tenant)
        self._theirs = linked(self._house, tenant, self._customer)

    def _followed(self, mark: str) -> Corp:
        """A directory whose people are read."""
        house, tenant = self._house, self._tenant
        corp = Corp(house.write, house.parts, tenant, domain=f"{mark}.test")
        now = house.clock.now()
        sync = Sync(corp.directory.id, Scope(), 1, Phase.FOLLOWING, begun_at=now, finished_at=now,
                    heard_at=now)  # fmt: skip
        house.write(lambda tx: tx.syncs.put(tenant.id, sync))
        return corp

    def _staff(self, who: User | None = None) -> Staff:
        """An owner who has asked for nothing yet, or somebody else as one."""
        ip = f"2001:db8:{self._count:x}::7"
        caller = self._house.browser(tenant=self._tenant, ip=ip).caller
        clerk = who or self._office.staff(Role.OWNER, self._tenant)
        return Staff(caller, clerk, Role.OWNER, level=2, fresh=True)

    def one(self, asker: User | None = None) -> Places:
        """One more user, to whom nobody has done anything yet.

        Args:
            asker: who verifies them as a caller: nobody else is shown that.
        """
        self._house.clock.move(1)
        self._count += 1
        mark = f"{self._tenant.slug}{self._count}"
        self._corp = self._followed(mark)
        user, busy = self._user(mark), self._linked(f"busy{mark}")
        directory, agent = self._corp.directory.id, self._corp.agents[1].id
        disabled = self._other(
            f"dis{mark}", state=UserState.DISABLED, phone=f"+4473{self._count:08d}"
        )
        frozen, colleague = self._other(f"ice{mark}", frozen_at=1), self._staff()
        ref, asks = self._case(user, asker), self._asks(busy, colleague, asker)
        clerk = colleague.user.id if colleague.user else ""
        pairing = self._pairing(user)
        link, member, fellow = self._linked_with(mark, asker)
        approval, own = self._approval(mark, colleague.user), self._approval(f"my{mark}", asker)
        return Places(
            approval=approval, own=own, link=link, member=member, fellow=fellow,
            customer=self._customer.id, slug=self._customer.slug,
            id=user.id, newcomer=self._other(f"new{mark}").id, disabled=disabled.id,
            frozen=frozen.id, ref=ref, asks=asks, colleague=clerk,
            passkey=self._house.passkey(user).id,
            directory=directory, agent=agent,
            job=self._job(busy), look=self._look(user), found=self._found(user, mark),
            account=self._doubt(mark), verification=self._verification(user, asker),
            batch=self._batch(mark),
            key=make_key(self._house, self._tenant, f"Key {mark}").stored.id,
            pairing=pairing, presence=self._presence(user, pairing, asker),
            names=(f"Name {mark}", user.email, ref, self._corp.directory.name),
        )  # fmt: skip

    def _other(self, mark: str, **fields: Any) -> User:
        email = f"{mark}@{self._tenant.slug}.test"
        return self._house.user(email, tenant=self._tenant, name=f"Name {mark}", **fields)

    def _linked(self, mark: str, **fields: Any) -> User:
        user = self._other(mark, **fields)
        self._corp.link(user, mark)
        return user

    def _user(self, mark: str) -> User:
        number = f"+4474{self._count:08d}"
        user = self._linked(mark, phone=number, phone_verified_at=1)
        handsets.give(self._house, user)
        return user

    def _job(self, user: User) -> str:
        here = (self._house.parts, self._staff(), user.id, self._corp.directory.id)
        begun = run(resetting.require_change_for(*here))
        assert isinstance(begun, JobView), begun
        return begun.id

    def _look(self, user: User) -> str:
        here = (self._house.parts, self._staff(), user.id, self._corp.directory.id)
        asked = run(resetting.ask_look_for(*here))
        assert isinstance(asked, resetting.Asked), asked
        self._corp.answer()
        return asked.look_id

    def _found(self, user: User, mark: str) -> str:
        here = (self._house.parts, self._staff(), user.id, self._corp.directory.id)
        asked = run(linking.ask(*here, f"second-{mark}"))
        assert isinstance(asked, linking.Asked), asked
        self._corp.answer(guid=f"5e{mark.encode().hex()}"[:32], name=f"second-{mark}")
        return asked.look_id

    def _doubt(self, mark: str) -> str:
        """An account of which a person says whose it is, beside one that is held."""
        now, here = self._house.clock.now(), (self._tenant.id, self._corp.directory.id)
        mail = f"new{mark}@{self._tenant.slug}.test"  # the newcomer's
        entry, lost = (
            make_entry(f"{n}{mark.encode().hex()}", name=mark, mail=mail, unit=UNIT)
            for n in ("0a", "0b")
        )
        every = [Known(entry, now, None, (), Owing.NOTHING, "shared"),
                 Known(lost, now, 5, (), Owing.HELD, "")]  # fmt: skip
        self._house.write(lambda tx: tx.syncs.keep(*here, every))
        return entry.id

    def _case(self, user: User, asker: User | None) -> str:
        """One that the asker has taken, with a new phone that waits."""
        caller, now = self._staff().caller, self._house.clock.now()
        opened = run(support.open_case(self._house.parts, caller, user.email, "", ""))
        assert isinstance(opened, Opened), opened
        run(casework.take(self._house.parts, self._staff(asker), opened.ref))

        def step(tx: Tx) -> None:
            case = tx.cases.get(self._tenant.id, opened.ref)
            assert case is not None
            lost = begun(
                self._house.random.id(now), user, (case.id, case.ref), "", now, bound=False
            )
            tx.recoveries.add(lost)

        self._house.write(step)
        return opened.ref

    def _asks(self, user: User, colleague: Staff, asker: User | None) -> str:
        """A colleague's, who asks the asker for their word."""
        opened = run(casework.open_for(self._house.parts, colleague, user.email, "", ""))
        assert isinstance(opened, casework.Done), opened
        now = self._house.clock.now()
        facts = {"colleague": asker.id if asker else "", "until": now + HOUR}

        def step(tx: Tx) -> None:  # without the mail, of which nobody gets many
            act = begin(self._house.parts, colleague.caller, colleague.user)
            held = steps.hold(tx, act, opened.ref)
            assert held is not None
            steps.asked(tx, act, held, Method.APPROVAL, act.id(), facts)

        self._house.write(step)
        return opened.ref

    def _batch(self, mark: str) -> str:
        """A list of people that is not begun."""
        raw = f"name,email\nName {mark},list{mark}@x.test\n".encode()
        drafted = run(batching.from_file(self._house.parts, self._staff(), f"{mark}.csv", raw))
        assert isinstance(drafted, Drafted), drafted
        return drafted.batch.id

    def _pairing(self, user: User) -> str:
        """A device, for a day."""
        house, here = self._house, self._tenant.id
        now, make = house.clock.now(), house.random
        device = Device(make.id(now), here, "Camera C2", make.id(now), make.token(), now)
        at = now - WAIT_MS
        pairing = Pairing(make.id(now), here, user.id, device.id, make.token(), at)
        house.write(lambda tx: tx.devices.add(device))
        house.write(lambda tx: tx.devices.pair(pairing, Secret("sealed")))
        return pairing.id

    def _approval(self, mark: str, asker: User | None) -> str:
        """What somebody wants to do to a colleague of no high role."""
        house, now = self._house, self._house.clock.now()
        to, who = self._other(f"aud{mark}", role=Role.AUDITOR), asker.id if asker else ""
        waits = Countersign(
            house.random.id(now), self._tenant.id, to.id, Action.DISABLE, "", who, "elsewhere",
            now, now + HOUR,
        )  # fmt: skip
        house.write(lambda tx: tx.countersigns.add(waits))
        return waits.id

    def _linked_with(self, mark: str, asker: User | None) -> tuple[str, str, str]:
        """A link with a provider in place of the one before; of the tenant's own people one who
        acts at its customer, as the asker does, and one who does not.
        """
        house, now = self._house, self._house.clock.now()
        house.write(lambda tx: tx.providers.end_link(self._link, now, None))
        self._link = linked(house, self._provider, self._tenant)
        member = self._other(f"mem{mark}", role=Role.AUDITOR)
        fellow = self._other(f"fel{mark}", role=Role.AUDITOR)
        every = [member]
        if asker is not None:
            house.write(lambda tx: tx.providers.end_members(now, None, asker.id, self._theirs.id))
            every.append(asker)
        for one in every:
            let_in(house, self._theirs, one, Role.TECHNICIAN)
        return self._link.id, member.id, fellow.id

    def _presence(self, user: User, pairing: str, asker: User | None) -> str:
        here = (self._house.parts, self._staff(asker), user.id, pairing)
        asked = run(presence.start(*here, presence.Method.BUTTON))
        assert isinstance(asked, presence.Asked), asked
        return asked.one.id

    def _verification(self, user: User, asker: User | None) -> str:
        started = run(verifying.start(self._house.parts, self._staff(asker), user.id))
        assert isinstance(started, Started), started
        return started.id
