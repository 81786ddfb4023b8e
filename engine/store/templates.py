"""Templates of interviews, always through their owner: somebody else's template is absent, not forbidden."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import Conflict, NotFound
from engine.store.template_models import InterviewTemplate
from engine.vocabulary import Level, Topic

MOST_TEMPLATES = 100


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """Everything that a template says."""

    name: str
    role: str
    level: Level
    topics: tuple[Topic, ...]
    question_count: int
    language: str
    rubric: str
    notice_h: int | None
    faq: tuple[Mapping[str, str], ...]
    """Each with `question` and `answer`."""
    endpoint_policy: str | None = None
    endpoint_silence_ms: int | None = None
    endpoint_threshold_dbfs: float | None = None


class TemplateRepository:
    """Templates of one owner at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_owner(self, owner_id: uuid.UUID) -> Sequence[InterviewTemplate]:
        """All of them, by name."""
        mine = select(InterviewTemplate).where(InterviewTemplate.owner_id == owner_id)
        return self._session.scalars(mine.order_by(func.lower(InterviewTemplate.name), InterviewTemplate.id)).all()

    def find(self, template_id: uuid.UUID, owner_id: uuid.UUID) -> InterviewTemplate:
        """The owner's template. Raises NotFound when it does not exist or belongs to somebody else."""
        found = self._session.scalar(
            select(InterviewTemplate).where(InterviewTemplate.id == template_id, InterviewTemplate.owner_id == owner_id)
        )
        if found is None:
            raise NotFound("There is no such template.")
        return found

    def add(self, owner_id: uuid.UUID, content: TemplateContent) -> InterviewTemplate:
        """Keep a new one. Raises Conflict when its name is taken, or the owner has a hundred."""
        count = select(func.count()).where(InterviewTemplate.owner_id == owner_id)
        if (self._session.scalar(count) or 0) >= MOST_TEMPLATES:
            raise Conflict(f"You have {MOST_TEMPLATES} templates, which is the most. Delete one that you do not need.")
        template = InterviewTemplate(owner_id=owner_id, **_columns(content))
        return self._kept(template, content.name)

    def replace(self, template_id: uuid.UUID, owner_id: uuid.UUID, content: TemplateContent) -> InterviewTemplate:
        """Let it say something else from now on. Raises NotFound, Conflict."""
        template = self.find(template_id, owner_id)
        for column, value in _columns(content).items():
            setattr(template, column, value)
        return self._kept(template, content.name)

    def delete(self, template_id: uuid.UUID, owner_id: uuid.UUID) -> None:
        """Interviews that were made from it stay as they are. Raises NotFound."""
        template = self.find(template_id, owner_id)
        self._session.execute(delete(InterviewTemplate).where(InterviewTemplate.id == template.id))

    def _kept(self, template: InterviewTemplate, name: str) -> InterviewTemplate:
        try:
            with self._session.begin_nested():
                self._session.add(template)
        except IntegrityError as error:
            if "uq_interview_templates_owner_id_name" not in str(error.orig):
                raise
            raise Conflict(f"You have a template called {name} already. Choose another name.") from error
        return template


def _columns(content: TemplateContent) -> dict[str, object]:
    return asdict(content) | {
        "topics": [str(topic) for topic in content.topics],
        "faq": [dict(entry) for entry in content.faq],
    }
