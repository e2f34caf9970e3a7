#include <dynamigrate/migrate/steps.hpp>

#include "control_plane.hpp"
#include "notes.hpp"
#include "pitr.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using Tags = std::map<std::string, std::string>;

constexpr std::size_t kMaxTags = 50;
constexpr std::size_t kMaxTagName = 128;
constexpr std::size_t kMaxTagValue = 256;

/// Errors: unimplemented, with the endpoint's name, where there are no tags.
std::string send_about_tags(const StepRun& run, std::string_view operation,
                            const std::string& body) {
    try {
        return send(run, operation, body);
    } catch (const Error& error) {
        if (!is_unknown_operation(error)) {
            throw;
        }
        throw Error(ErrorKind::unimplemented,
                    fmt::format("{} has no tags", run.surroundings.service->location()))
            .service_code(error.service_code());
    }
}

Tags read_tags(const StepRun& run, const std::string& arn) {
    Tags tags;
    std::string next;
    do {
        std::string body;
        json::Writer out(body);
        out.begin_object().key("ResourceArn").string(arn);
        if (!next.empty()) {
            out.key("NextToken").string(next);
        }
        out.end_object();
        json::Value answer =
            json::parse_json(send_about_tags(run, "ListTagsOfResource", body), "answer");
        const json::Value* list = answer.find("Tags");
        for (const json::Value& tag : list == nullptr ? json::Value::Array() : list->elements()) {
            const json::Value* key = tag.find("Key");
            const json::Value* value = tag.find("Value");
            if (key != nullptr && value != nullptr) {
                tags[key->text()] = value->text();
            }
        }
        const json::Value* token = answer.find("NextToken");
        next = token != nullptr && token->is_string() ? token->text() : "";
    } while (!next.empty());
    return tags;
}

/// Brings the tags to what is wanted; null removes one.
void set_tags(const StepRun& run, const std::string& arn, const json::Value& wanted) {
    Tags current = read_tags(run, arn);
    std::string added, removed;
    json::Writer adds(added), removes(removed);
    adds.begin_object().key("ResourceArn").string(arn).key("Tags").begin_array();
    removes.begin_object().key("ResourceArn").string(arn).key("TagKeys").begin_array();
    bool has_added = false, has_removed = false;
    for (const json::Value::Member& tag : wanted.members()) {
        auto known = current.find(tag.key);
        if (tag.value.is_null() && known != current.end()) {
            removes.string(tag.key);
            has_removed = true;
        } else if (!tag.value.is_null() &&
                   (known == current.end() || known->second != tag.value.text())) {
            adds.begin_object().key("Key").string(tag.key);
            adds.key("Value").string(tag.value.text()).end_object();
            has_added = true;
        }
    }
    if (has_removed) {
        removes.end_array().end_object();
        send_about_tags(run, "UntagResource", removed);
    }
    if (has_added) {
        adds.end_array().end_object();
        send_about_tags(run, "TagResource", added);
    }
}

/// "team, stage".
std::string names_of(const json::Value& tags) {
    std::vector<std::string> names;
    for (const json::Value::Member& tag : tags.members()) {
        names.push_back(tag.key);
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

/// Puts the tags back that a step found.
class RestoreTagsStep final : public Step {
public:
    RestoreTagsStep(std::string table, std::string names, bool has_ended)
        : table_(std::move(table)),
          names_(std::move(names)),
          has_ended_(has_ended) {}

    std::string kind() const override { return "tag"; }
    std::string summary() const override {
        return fmt::format("tag {}: {} as before", table_, names_);
    }
    std::vector<std::string> tables() const override { return {table_}; }
    Reversal reversal() const override { return {Reversal::Kind::impossible, "it is a reversal"}; }
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(table_);
        auto before = recall_before(run, "the tags of table " + table, has_ended_);
        if (!before) {
            return done_step(fmt::format("tags of table {} are left", table));
        }
        set_tags(run, require_table(run, table).arn, *before);
        return done_step(fmt::format("tags of table {}: {} as before", table, names_of(*before)));
    }

private:
    std::string table_;
    std::string names_;
    bool has_ended_;
};

class TaggingStep final : public Step {
public:
    explicit TaggingStep(const TagStep& step) : table_(step.table), wanted_(json::Value::object()) {
        for (const auto& [name, value] : step.tags) {
            wanted_.set(name, json::Value::string(value));
        }
        for (const std::string& name : step.removed) {
            wanted_.set(name, {});
        }
    }

    std::string kind() const override { return "tag"; }
    std::string summary() const override {
        std::vector<std::string> parts;
        for (const json::Value::Member& tag : wanted_.members()) {
            parts.push_back(tag.value.is_null() ? fmt::format("without {}", tag.key)
                                                : fmt::format("{}={}", tag.key, tag.value.text()));
        }
        return fmt::format("tag {}: {}", table_, fmt::join(parts, ", "));
    }
    std::vector<std::string> tables() const override { return {table_}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<RestoreTagsStep>(table_, names_of(wanted_), true);
    }
    std::unique_ptr<Step> inverse_of_unfinished() const override {
        return std::make_unique<RestoreTagsStep>(table_, names_of(wanted_), false);
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override {
        std::string table = run.table(table_);
        auto description = wait_until_idle(run, table);
        if (!description) {
            return stopped_step();
        }
        Tags current = read_tags(run, description->arn);
        json::Value before = json::Value::object();
        for (const json::Value::Member& tag : wanted_.members()) {
            auto known = current.find(tag.key);
            before.set(tag.key,
                       known == current.end() ? json::Value() : json::Value::string(known->second));
        }
        remember_before(run, before);
        set_tags(run, description->arn, wanted_);
        return done_step(fmt::format("tags of table {}: {}", table, names_of(wanted_)));
    }

private:
    std::string table_;
    json::Value wanted_;
};

void TaggingStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(table_);
    if (wanted_.members().empty() || wanted_.members().size() > kMaxTags) {
        checks.error("bad_tags", fmt::format("tag needs 1 to {} tags", kMaxTags));
    }
    for (const json::Value::Member& tag : wanted_.members()) {
        bool is_reserved = tag.key.starts_with("aws:");
        bool is_long = tag.key.size() > kMaxTagName ||
                       (!tag.value.is_null() && tag.value.text().size() > kMaxTagValue);
        if (tag.key.empty() || is_reserved || is_long) {
            checks.error("bad_tags",
                         fmt::format("'{}' is no tag: a name has 1 to {} characters and does not "
                                     "begin with aws:, a value has at most {}",
                                     tag.key, kMaxTagName, kMaxTagValue));
        }
    }
}

}  // namespace

StepPtr make_tag(const TagStep& step) { return std::make_shared<TaggingStep>(step); }

}  // namespace dynamigrate::migrate
