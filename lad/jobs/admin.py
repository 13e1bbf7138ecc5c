"""Jobs in the admin: their progress, what they could not change, and how to stop them."""

from datetime import timedelta
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import display

from lad.admin.actions import row_action
from lad.admin.base import ReadOnlyAdmin, register
from lad.admin.bulk import RESTORE_ROWS
from lad.admin.step_up import step_up
from lad.jobs import services
from lad.jobs.bulk import delete_selected, restore_selected
from lad.jobs.kinds import Verdict
from lad.jobs.models import Job, JobFailure, JobPart, JobState
from lad.jobs.reports import may_have_names, report
from lad.jobs.services import OVERSEE, visible_jobs
from lad.tenancy.access import access_of
from lad.types import Values

STATE_COLOURS: Final = {
    JobState.QUEUED.label: "default",
    JobState.RUNNING.label: "info",
    JobState.SUCCEEDED.label: "success",
    JobState.FAILED.label: "danger",
    JobState.CANCELLED.label: "warning",
    JobState.UNKNOWN.label: "danger",
}
MAX_FAILURES_SHOWN: Final = 10

admin.site.disable_action("delete_selected")
admin.site.add_action(delete_selected, "delete_selected")  # type: ignore[arg-type]  # all our pages are LadModelAdmins
admin.site.add_action(restore_selected, RESTORE_ROWS)  # type: ignore[arg-type]


@register(Job)
class JobAdmin(ReadOnlyAdmin):
    area = "jobs"
    section, icon, rank = "Operations", "checklist", 1
    list_display = ["title", "state_label", "progress", "problems", "started_by", "created_at", "took"]
    list_select_related = ["created_by_user"]
    list_filter = ["state", "kind", "created_at"]
    empty_hint = "Select many rows in a list and run an action on them. It runs here, where you can watch and stop it."
    search_fields = ["title"]
    notes = ["jobs/job.html"]
    actions_detail = ["cancel", "resume"]
    fieldsets = [
        (
            "Details",
            {
                "fields": [
                    ("kind", "created_by_user"),
                    ("created_at", "started_at"),
                    ("finished_at", "cancel_requested_at"),
                    ("attempts", "crashes"),
                    "parameters_json",
                ],
                "classes": ["collapse"],
            },
        )
    ]

    def narrow(self, request: HttpRequest, rows: QuerySet[Job]) -> QuerySet[Job]:
        return visible_jobs(access_of(request), rows)

    def has_cancel_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        access = access_of(request)
        own = obj is None or obj.created_by_user_id == (access.user.pk if access.user else None)
        return self.has_view_permission(request) and (own or access.allows(OVERSEE))

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<path:object_id>/progress/", self.admin_site.admin_view(self.progress_view), name="jobs_job_progress"
            ),
            path("<path:object_id>/report/", self.admin_site.admin_view(self.report_view), name="jobs_job_report"),
            *super().get_urls(),
        ]

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> Any:
        """Return none: the page itself shows the actions that apply, and keeps them up to date."""
        return []

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        shown = self._shown_job(request, kwargs["obj"]) if kwargs.get("obj") else {}
        return super().render_change_form(request, {**context, **shown}, *args, **kwargs)

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Return the part of the page that changes while the job runs. The page asks for it every second."""
        job = self.get_row_or_404(request, object_id)
        return TemplateResponse(request, "jobs/progress.html", self._shown_job(request, job))

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        job, access = self.get_row_or_404(request, object_id), access_of(request)
        again = step_up(request, back=self._action(job, "change")) if may_have_names(access) else None
        return again or report(job, access=access)

    def _shown_job(self, request: HttpRequest, job: Job) -> dict[str, Any]:
        address = f"{self.admin_site.name}:jobs_job_"
        may_act = self.has_cancel_permission(request, job)
        failures = list(job.failures.order_by("row_id")[:MAX_FAILURES_SHOWN]) if job.failed or job.skipped else []
        return {
            "job": job,
            "state_colour": STATE_COLOURS[job.get_state_display()],
            "message": _message(job),
            "facts": _facts(job),
            "shares": [(name, f"{_share(job, number):.2f}") for name, number in _shares(job)],
            "failures": failures,
            "more_failures": f"{job.failed + job.skipped - len(failures):,}",
            "progress_url": reverse(f"{address}progress", args=(job.pk,)),
            "report_url": reverse(f"{address}report", args=(job.pk,)),
            "cancel_url": may_act and not (job.is_finished or job.cancel_requested_at) and self._action(job, "cancel"),
            "resume_url": may_act and services.is_resumable(job) and self._action(job, "resume"),
        }

    def _action(self, job: Job, name: str) -> str:
        return reverse(f"{self.admin_site.name}:jobs_job_{name}", args=(job.pk,))

    @display(description="State", label=STATE_COLOURS)
    def state_label(self, obj: Job) -> str:
        return str(obj.get_state_display())

    @display(description="Progress")
    def progress(self, obj: Job) -> str:
        return format_html(
            '<span class="lad-job-line"><span class="lad-job-bar"><span class="lad-job-done" style="width: {}%"></span>'
            '</span><span class="lad-hint">{} of {}</span></span>',
            obj.percent,
            f"{obj.processed:,}",
            f"{obj.total:,}",
        )

    @display(description="Failed or skipped")
    def problems(self, obj: Job) -> str | None:
        return f"{obj.failed + obj.skipped:,}" if obj.failed or obj.skipped else None

    @display(description="Started by")
    def started_by(self, obj: Job) -> str | None:
        return (obj.created_by_user.full_name or obj.created_by_user.email) if obj.created_by_user else None

    @display(description="Took")
    def took(self, obj: Job) -> str | None:
        return duration(obj.elapsed) if obj.started_at else None

    @row_action(
        "Cancel",
        explanation="The job stops after the rows it is changing now. Rows that were changed stay changed.",
        permission="cancel",
        when=lambda row: not row.is_finished,
        icon="cancel",
        danger=True,
    )
    def cancel(self, request: HttpRequest, row: Job, values: Values) -> str | None:
        services.cancel(job=row)
        return None

    @row_action(
        "Resume",
        explanation="The job goes on with the rows that it has not been through yet.",
        permission="cancel",
        when=services.is_resumable,
        icon="play_arrow",
    )
    def resume(self, request: HttpRequest, row: Job, values: Values) -> str | None:
        services.resume(job=row)
        return None


@register(JobFailure)
class JobFailureAdmin(ReadOnlyAdmin):
    area = "jobs"
    section, icon, rank = "Operations", "rule", 2
    list_display = ["label", "job", "verdict", "field", "reason", "created_at"]
    list_filter = ["verdict", "created_at"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Leave it out of the sidebar: a job's page and report show its failures."""
        return False

    def narrow(self, request: HttpRequest, rows: QuerySet[JobFailure]) -> QuerySet[JobFailure]:
        return visible_jobs(access_of(request), rows, path="job__")


@register(JobPart)
class JobPartAdmin(ReadOnlyAdmin):
    area = "jobs"
    platform_only = True
    section, icon, rank = "Operations", "splitscreen", 3
    list_display = ["job", "number", "size", "batch_limit", "created_at"]

    @display(description="Rows left")
    def size(self, obj: JobPart) -> int:
        return len(obj.row_ids)


def duration(time: timedelta) -> str:
    """Return a duration in its two largest units."""
    seconds = max(int(time.total_seconds()), 0)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _message(job: Job) -> str:
    """Return what the user should know about the state of the job, in a sentence."""
    progress = f"{job.processed:,} of {job.total:,} rows"
    if job.state == JobState.CANCELLED:
        return f"Cancelled after {progress}. Rows that were changed stay changed."
    if job.cancel_requested_at and not job.is_finished:
        return "Stopping after the rows it is changing now."
    if job.state == JobState.FAILED:
        return f"Stopped after {progress}. {job.error}"
    if job.state == JobState.UNKNOWN:
        return f"{job.error} Check them, then resume or cancel the job."
    if job.state == JobState.QUEUED and not job.processed:
        return "Waiting for a free worker. You may leave this page: the job runs without you."
    if not job.is_finished:
        return "You may leave this page: the job runs without you."
    left = job.failed + job.skipped
    rows = "1 row" if left == 1 else f"{left:,} rows"
    return f"Finished, except for {rows} listed below." if left else "Finished. Every row is done."


def _facts(job: Job) -> list[tuple[str, str, str]]:
    """Return title, value and hint of each figure."""
    facts = [("Done", f"{job.done:,}", f"of {job.total:,}")]
    changed = job.result.get(Verdict.CHANGED.value)
    if changed is not None and changed != job.done:
        facts[0] = ("Done", f"{job.done:,}", f"of {job.total:,}, {job.done - changed:,} needed no change")
    facts += [("Failed", f"{job.failed:,}", "could not be changed"), ("Skipped", f"{job.skipped:,}", "were left alone")]
    rate = f"{job.rate:,.0f} rows a second" if job.rate else ""
    if job.is_finished:
        return [*facts, ("Took", duration(job.elapsed), rate)]
    return [*facts, ("Time left", f"about {duration(job.remaining)}" if job.remaining else "–", rate)]


def _shares(job: Job) -> list[tuple[str, int]]:
    return [("done", job.done), ("skipped", job.skipped), ("failed", job.failed)]


def _share(job: Job, number: int) -> float:
    return 100 * number / job.total if job.total else 0.0
