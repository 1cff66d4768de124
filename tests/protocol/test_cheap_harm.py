"""What one dishonest node could do to sessions cheaply: show old signatures, fill the others' logs."""

from __future__ import annotations

from tests.protocol.conftest import OTHER, Scene, perform

from votive.protocol import Signed
from votive.protocol.messages import OutcomeMessage
from votive.protocol.simulation import Sent
from votive.protocol.simulation.traitors import flooding
from votive.terms.encoding import encode
from votive.terms.frame import Kind


def test_an_older_signature_of_the_key_stops_no_other_session(n: int) -> None:
    """Signatures are public: whoever keeps one could otherwise end every later session of the key by showing it."""

    async def scenario(scene: Scene) -> None:
        committee, traitor = scene.committee, scene.leader(1)
        other = await committee.sign(scene.key, OTHER, name="another request")
        signature = next(result.signature for result in other.values() if isinstance(result, Signed))
        old = OutcomeMessage(digest=OTHER, signers=(), r=signature.r, s=signature.s, recovery_id=0)

        def replay(sent: Sent) -> list[Sent]:
            if sent.kind is not Kind.SIGN_READY:
                return [sent]
            return [sent, Sent(session=sent.session, sender=traitor, to=sent.to, kind=Kind.SIGN_OUTCOME, attempt=0, payload=encode(old))]

        scene.corrupt(traitor, replay)
        scene.assert_all_honest_signed(await committee.sign(scene.key))

    perform(scenario, n)


def test_thousands_of_bad_messages_are_reported_a_few_times(n: int) -> None:
    async def scenario(scene: Scene) -> None:
        traitor = scene.leader(1)
        scene.corrupt(traitor, flooding(attempts=500))
        scene.assert_all_honest_signed(await scene.committee.sign(scene.key))
        assert set(scene.blamed()) == {traitor}
        assert len(scene.blamed()[traitor]) <= 8 * len(scene.honest)

    perform(scenario, n)
