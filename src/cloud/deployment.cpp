#include <dynamigrate/cloud/deployment.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/cloud/deployment_machine.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/version.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace dynamigrate::cloud {

namespace {

using Do = DeploymentStep::Do;
using State = LookedExecution::State;
using migrate::Deployment;
using std::chrono::milliseconds;
using std::chrono::seconds;

DeploymentStep finish(std::string outcome, std::string reason) {
    DeploymentStep step;
    step.what = Do::finish;
    step.outcome = std::move(outcome);
    step.reason = std::move(reason);
    return step;
}

DeploymentStep failed(std::string reason) { return finish("failed", std::move(reason)); }

DeploymentStep only(Do what) {
    DeploymentStep step;
    step.what = what;
    return step;
}

DeploymentStep wait(const DeploymentFacts& facts) {
    DeploymentStep step;
    const auto left = std::chrono::ceil<seconds>(facts.wishes.time - facts.elapsed);
    step.wait = std::clamp(look_interval(std::chrono::floor<seconds>(facts.elapsed)), seconds(1),
                           std::max(seconds(1), left));
    return step;
}

bool is_over(const DeploymentFacts& facts) { return facts.elapsed >= facts.wishes.time; }

/// "55 minutes", "90 s".
std::string duration(milliseconds time) {
    constexpr seconds kFew{120};
    const auto whole = std::chrono::ceil<seconds>(time);
    return whole < kFew
               ? fmt::format("{} s", whole.count())
               : fmt::format("{} minutes", std::chrono::round<std::chrono::minutes>(whole).count());
}

std::string at_function(const DeploymentFacts& facts) {
    return facts.function.empty() ? "" : " --arn " + facts.function;
}

std::string why_ended(const CurrentRun& current) {
    if (!current.row_error.empty()) {
        return current.row_error;
    }
    std::string text = current.looked.status;
    for (const std::string& more : {current.looked.error, message_in(current.looked.cause)}) {
        if (!more.empty()) {
            text += ": " + more;
        }
    }
    return text;
}

DeploymentStep time_is_over(const DeploymentFacts& facts, const CurrentRun& current) {
    const std::string time = duration(facts.wishes.time);
    if (facts.wishes.detaches) {
        return finish("detached",
                      fmt::format("{} is not finished after {} and goes on as {}; the next "
                                  "deployment checks it",
                                  current.migration, time, current.execution));
    }
    if (!current.paused_by.empty()) {
        return failed(
            fmt::format("{} is not finished after {}: its run {} is paused by {}; "
                        "`dynamigrate resume {}{}` lets it go on (execution {})",
                        current.migration, time, current.run, current.paused_by, current.run,
                        at_function(facts), current.execution));
    }
    DeploymentStep step =
        current.run.empty()
            ? failed(fmt::format("{} has not begun after {}; its execution {} is stopped, and the "
                                 "next deployment begins it",
                                 current.migration, time, current.execution))
            : failed(fmt::format("{} is not finished after {}: its run {} is paused; `dynamigrate "
                                 "resume {}{}` lets it go on, and so does the next deployment "
                                 "(execution {})",
                                 current.migration, time, current.run, current.run,
                                 at_function(facts), current.execution));
    step.pauses = true;
    return step;
}

DeploymentStep decide_current(const DeploymentFacts& facts) {
    const CurrentRun& current = *facts.current;
    switch (current.looked.state) {
        case State::succeeded:
            return only(Do::note_done);
        case State::running:
            return is_over(facts) ? time_is_over(facts, current) : wait(facts);
        case State::unknown:
            if (current.row_has_ended) {
                return only(Do::note_done);
            }
            if (current.age < kLateKnowledge) {
                return is_over(facts) ? time_is_over(facts, current) : wait(facts);
            }
            return failed(fmt::format("nothing is known of {}, the execution that runs {}",
                                      current.execution, current.migration));
        case State::ended:
            break;
    }
    return failed(fmt::format("{} failed: {} (execution {}{}{})", current.migration,
                              why_ended(current), current.execution,
                              current.run.empty() ? "" : ", run ", current.run));
}

std::string and_others(const NextRun& next) {
    return next.others == 0 ? next.migration
                            : fmt::format("{} and {} more", next.migration, next.others);
}

DeploymentStep not_begun(const DeploymentFacts& facts, const NextRun& next) {
    const std::string reason =
        fmt::format("{} not begun within {}", and_others(next), duration(facts.wishes.time));
    return facts.wishes.detaches ? finish("detached", reason + "; the next deployment runs them")
                                 : failed(reason + "; deploy again to go on");
}

DeploymentStep too_long(const DeploymentFacts& facts, const NextRun& next) {
    const std::string reason =
        fmt::format("{} takes {} at least, but the deployment has {} left", next.migration,
                    duration(*next.estimate), duration(facts.wishes.time - facts.elapsed));
    if (facts.wishes.detaches) {
        DeploymentStep step =
            finish("detached", reason + ": it is begun and goes on; the next deployment checks it");
        step.starts_first = true;
        return step;
    }
    return failed(
        fmt::format("{}, and nothing of it is begun; run it before the deployment (`aws "
                    "stepfunctions start-execution --state-machine-arn {}`), or say "
                    "`OnTimeout: detach`",
                    reason, next.machine));
}

DeploymentStep decide_next(const DeploymentFacts& facts) {
    const NextRun& next = *facts.next;
    const auto& done = facts.record.done;
    if (std::ranges::find(done, next.migration) != done.end()) {
        return failed(
            fmt::format("the state machine of {} ended well, but the history does not "
                        "say that {} did; was it made for another history?",
                        next.migration, next.migration));
    }
    if (!next.execution.empty()) {
        return only(next.action == "down" ? Do::stop_run : Do::adopt);
    }
    if (next.machine.empty()) {
        return failed(
            fmt::format("{} is to be run ({}), but the template has no state machine for "
                        "it; make the template anew (`dynamigrate deploy template`)",
                        next.migration, next.action));
    }
    if (is_over(facts)) {
        return not_begun(facts, next);
    }
    if (next.estimate && *next.estimate > facts.wishes.time - facts.elapsed) {
        return too_long(facts, next);
    }
    return only(Do::start);
}

std::string all_is_done(const DeploymentFacts& facts) {
    const Deployment& record = facts.record;
    if (record.done.empty()) {
        return record.is_rollback ? "the stack is rolled back; the migrations stay as they are"
                                  : "nothing is outstanding";
    }
    return fmt::format(
        "{} {}", record.is_rollback ? "rolled back:" : "applied:", fmt::join(record.done, ", "));
}

/// The deployments that a rollback goes back from: the last ones of those migrations.
std::vector<const Deployment*> gone_back_from(const DeploymentWishes& wishes,
                                              const std::vector<Deployment>& deployments) {
    std::vector<const Deployment*> found;
    for (auto one = deployments.rbegin(); one != deployments.rend(); ++one) {
        if (one->is_rollback && one->outcome != "succeeded") {
            continue;  // it goes on with this one
        }
        if (one->is_rollback || one->digest != wishes.old_digest) {
            break;
        }
        found.push_back(&*one);
    }
    return found;
}

bool is_newer(const std::string& a, const std::string& b) {
    const auto first = migrate::Version::parse(a);
    const auto second = migrate::Version::parse(b);
    return first && second ? *first > *second : a > b;
}

}  // namespace

bool may_pass(base::ErrorKind kind, milliseconds elapsed) {
    using base::ErrorKind;
    return base::is_retryable(kind) || kind == ErrorKind::aborted ||
           kind == ErrorKind::outcome_unknown || kind == ErrorKind::cancelled ||
           (kind == ErrorKind::permission_denied && elapsed < kLatePermissions);
}

DeploymentStep decide(const DeploymentFacts& facts) {
    if (facts.current) {
        return decide_current(facts);
    }
    if (!facts.refusal.empty()) {
        return failed(facts.refusal);
    }
    return facts.next ? decide_next(facts) : finish("succeeded", all_is_done(facts));
}

std::string message_in(const std::string& cause) {
    try {
        const std::string message = json::text_of(json::parse_json(cause, "cause"), "errorMessage");
        return message.empty() ? cause : message;
    } catch (const base::Error&) {
        return cause;
    }
}

const Deployment* later_than(const Deployment& deployment, const std::vector<Deployment>& others) {
    const auto later = std::ranges::find_if(others, [&](const Deployment& one) {
        return one.request != deployment.request && one.began_at > deployment.began_at;
    });
    return later == others.end() ? nullptr : &*later;
}

bool may_be_rollback(const CustomResourceRequest& request, const DeploymentWishes& wishes) {
    return request.type == CustomResourceRequest::Type::update && !wishes.old_digest.empty() &&
           wishes.old_digest != wishes.digest;
}

bool is_rollback(const std::optional<std::string>& stack_status, const DeploymentWishes& wishes,
                 const std::vector<Deployment>& deployments) {
    if (stack_status) {
        return stack_status->find("ROLLBACK") != std::string::npos;
    }
    const auto from = gone_back_from(wishes, deployments);
    const bool was_deployed =
        std::ranges::find(deployments, wishes.digest, &Deployment::digest) != deployments.end();
    return was_deployed && !from.empty() && from.front()->outcome == "failed";
}

std::vector<std::string> to_undo(const DeploymentWishes& wishes,
                                 const std::vector<Deployment>& deployments,
                                 const std::vector<std::string>& standing) {
    std::set<std::string> begun;
    for (const Deployment* deployment : gone_back_from(wishes, deployments)) {
        begun.insert(deployment->begun.begin(), deployment->begun.end());
    }
    std::vector<std::string> found;
    for (const std::string& migration : begun) {
        const bool is_standing = std::ranges::find(standing, migration) != standing.end();
        if (is_standing && machine_of(wishes.machines, migration).empty()) {
            found.push_back(migration);
        }
    }
    std::ranges::sort(found, is_newer);
    return found;
}

CustomResourceAnswer answer_of(const Deployment& deployment, const std::string& current_version) {
    CustomResourceAnswer answer;
    answer.is_success = deployment.outcome != "failed";
    answer.reason = deployment.reason;
    if (!current_version.empty()) {
        answer.data.emplace_back("CurrentVersion", current_version);
    }
    answer.data.emplace_back("Outcome", deployment.outcome);
    answer.data.emplace_back("Execution", deployment.execution);
    return answer;
}

std::string look_answer(const Deployment& deployment, seconds wait) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("next");
    out.string(!deployment.has_ended()          ? "wait"
               : deployment.outcome == "failed" ? "failed"
                                                : "done");
    out.key("seconds").number(wait.count());
    out.key("error").string(deployment.outcome == "failed" ? "deployment_failed" : "");
    out.key("reason").string(deployment.reason).end_object();
    return text;
}

}  // namespace dynamigrate::cloud
