#include "jq_transform.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/key_change.hpp>

#include <fmt/format.h>

#include <mutex>

namespace dynamigrate::authoring {

using backfill::TransformOutput;
using base::Arena;
using base::Error;
using base::ErrorKind;
using dynamodb::Item;

namespace {

/// What `$run` is where there is no run.
const JqRun kTrialRun{"trial", "1970-01-01T00:00:00.000Z"};

class JqTransform final : public backfill::Transform {
public:
    JqTransform(const JqText& text, const JqMeaning& meaning, const JqLimits& limits, JqRun run,
                dynamodb::KeySchema key, std::stop_token stop)
        : meaning_(meaning),
          where_(fmt::format("{}:{}:{}", text.file, text.line, text.column)),
          key_(std::move(key)),
          pool_(text, std::move(run), limits, std::move(stop)) {}

    void apply(const Item& item, Arena& arena, TransformOutput& out) const override {
        out.reads_all();
        try {
            decide(item, arena, out);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::cancelled) {
                throw;
            }
            throw Error(error.kind(), "jq: " + error.message()).at(where_);
        }
    }
    bool may_change_key() const override { return meaning_.changes_key; }

private:
    void decide(const Item& item, Arena& arena, TransformOutput& out) const;
    void check_key(const Item& before, const Item& after) const;

    JqMeaning meaning_;
    std::string where_;
    dynamodb::KeySchema key_;
    mutable JqPool pool_;
};

void JqTransform::decide(const Item& item, Arena& arena, TransformOutput& out) const {
    const JqItem input = to_jq(item);
    const std::optional<JqValue> result = pool_.evaluate(input.rounded);
    std::optional<JqValue> marked;
    if (!input.inexact.empty()) {
        try {
            marked = pool_.evaluate(input.marked);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::invalid_argument) {
                throw;
            }
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("the program computes with {}, of which jq loses digits",
                                    input.inexact.front()));
        }
        if (marked.has_value() != result.has_value()) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("whether there is a result depends on {}, of which jq loses "
                                    "digits",
                                    input.inexact.front()));
        }
    }
    if (!result) {
        if (meaning_.empty_removes) {
            out.remove();
        }
        return;
    }
    const JqValue none(jv_invalid());
    const Item after = from_jq(*result, marked ? *marked : none, input.inexact, arena);
    if (!meaning_.changes_key) {
        check_key(item, after);
    }
    if (!(after == item)) {
        out.change(after);
    }
}

void JqTransform::check_key(const Item& before, const Item& after) const {
    const std::string name = dynamodb::changed_key_attribute(key_, before, after);
    if (!name.empty()) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("the program {} {}, an attribute of the key: write "
                                "`changes_key: true` beside `jq` if it shall",
                                after.find(name) == nullptr ? "removed" : "changed", name));
    }
}

class JqFunction final : public migrate::ForeignTransform {
public:
    JqFunction(JqText text, const JqMeaning& meaning, const JqLimits& limits)
        : text_(std::move(text)),
          meaning_(meaning),
          limits_(limits) {}

    std::string name() const override { return "jq"; }
    void check() const override { JqProgram(text_, kTrialRun); }
    std::unique_ptr<backfill::Transform> open(const migrate::ForeignRun& run) const override {
        return std::make_unique<JqTransform>(text_, meaning_, limits_,
                                             JqRun{run.run.run, run.run.started_at}, run.key,
                                             run.run.stop_now);
    }
    std::shared_ptr<const backfill::Transform> trial(const dynamodb::KeySchema& key) const override;

private:
    JqText text_;
    JqMeaning meaning_;
    JqLimits limits_;
    mutable std::mutex mutex_;
    mutable std::shared_ptr<const JqTransform> trial_;
    mutable dynamodb::KeySchema trial_key_;
};

std::shared_ptr<const backfill::Transform> JqFunction::trial(const dynamodb::KeySchema& key) const {
    std::lock_guard lock(mutex_);
    if (!trial_ || !(trial_key_ == key)) {
        trial_ = std::make_shared<JqTransform>(text_, meaning_, limits_, kTrialRun, key,
                                               std::stop_token());
        trial_key_ = key;
    }
    return trial_;
}

}  // namespace

std::shared_ptr<const migrate::ForeignTransform> make_jq_transform(JqText text, JqMeaning meaning,
                                                                   JqLimits limits) {
    return std::make_shared<JqFunction>(std::move(text), meaning, limits);
}

}  // namespace dynamigrate::authoring
