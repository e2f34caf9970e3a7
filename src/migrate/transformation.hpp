#pragma once

#include <dynamigrate/backfill/transform.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include "template.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// A value in which strings may be templates, compiled.
///
/// Owns its constant parts. Threads: any number may evaluate one at once.
class ValueTemplate {
public:
    /// Errors: Error invalid_argument at file:line:column.
    static ValueTemplate compile(const json::Value& tree, const std::string& file);

    /// As Template::evaluate.
    dynamodb::AttributeValue evaluate(const dynamodb::Item& item, const RunValues& run,
                                      base::Arena& arena) const;
    /// Adds the top-level attributes that it reads to the list, each once.
    void add_attributes(std::vector<std::string>& names) const;

private:
    enum class Kind { constant, text, list, map };
    Kind kind_ = Kind::constant;
    std::shared_ptr<const base::Arena> owner_;  ///< of the constant
    dynamodb::AttributeValue constant_;
    Template text_;
    std::vector<std::string> names_;       ///< of a map
    std::vector<ValueTemplate> children_;  ///< of a list or a map
};

/// `set`, `rename`, `default` and `remove`, compiled into a transform of items.
class CompiledTransformation final : public backfill::Transform {
public:
    /// `key`: the table's, to know whether keys change; nothing while validating.
    /// Errors: Error invalid_argument at file:line:column where there is one: templates that do not
    ///         compile, attributes named twice, a key attribute that would be removed.
    CompiledTransformation(const Transformation& source, RunValues run,
                           const std::optional<dynamodb::KeySchema>& key);

    void apply(const dynamodb::Item& item, base::Arena& arena,
               backfill::TransformOutput& out) const override;
    std::optional<std::vector<std::string>> attributes() const override;
    bool may_change_key() const override { return may_change_key_; }

private:
    struct Assignment {
        std::string name;
        ValueTemplate value;
        std::vector<std::string> reads;
    };
    struct Renaming {
        std::string from;
        std::string to;
    };
    class Draft;

    void check(const Transformation& source) const;
    void note_key(const dynamodb::KeySchema& key);
    dynamodb::AttributeValue evaluate(const Assignment& assignment, const char* what,
                                      const dynamodb::Item& item, base::Arena& arena) const;
    void rename(Draft& draft, backfill::TransformOutput& out) const;

    RunValues run_;
    std::vector<Assignment> set_;
    std::vector<Renaming> rename_;
    std::vector<Assignment> defaults_;
    std::vector<std::string> remove_;
    bool may_change_key_ = false;
};

}  // namespace dynamigrate::migrate
