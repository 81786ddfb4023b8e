"""One transaction with every repository at hand."""

from types import TracebackType
from typing import Self

from sqlalchemy.orm import Session, sessionmaker

from engine.store.account_tokens import AccountTokenRepository
from engine.store.attempts import AttemptRepository
from engine.store.calls import CallRepository
from engine.store.evaluations import EvaluationRepository
from engine.store.events import EventRepository
from engine.store.generated_questions import GeneratedQuestionRepository
from engine.store.idempotency import IdempotencyRepository
from engine.store.interviews import InterviewRepository
from engine.store.logins import LoginRepository
from engine.store.reports import ReportRepository
from engine.store.usage import UsageRepository
from engine.store.users import UserRepository


class UnitOfWork:
    """A context manager: what is not committed when it is left is rolled back.

    Rows read here stay readable afterwards, but are no longer tied to the database.
    """

    session: Session
    users: UserRepository
    logins: LoginRepository
    attempts: AttemptRepository
    interviews: InterviewRepository
    calls: CallRepository
    events: EventRepository
    evaluations: EvaluationRepository
    reports: ReportRepository
    usage: UsageRepository
    generated: GeneratedQuestionRepository
    idempotency: IdempotencyRepository
    account_tokens: AccountTokenRepository

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions

    def commit(self) -> None:
        self.session.commit()

    def __enter__(self) -> Self:
        self.session = session = self._sessions()
        self.users = UserRepository(session)
        self.logins = LoginRepository(session)
        self.attempts = AttemptRepository(session)
        self.interviews = InterviewRepository(session)
        self.calls = CallRepository(session)
        self.events = EventRepository(session)
        self.evaluations = EvaluationRepository(session)
        self.reports = ReportRepository(session)
        self.usage = UsageRepository(session)
        self.generated = GeneratedQuestionRepository(session)
        self.idempotency = IdempotencyRepository(session)
        self.account_tokens = AccountTokenRepository(session)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.session.close()
