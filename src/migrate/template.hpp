#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/expressions/path.hpp>

#include "template_filter.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// What `${$run.id}` and `${$run.started_at}` stand for: fixed for a run, resumes included.
struct RunValues {
    std::string id;
    std::string started_at;
};

/// A string with `${path | filter | ...}` in it, compiled. A string that is one single `${...}`
/// keeps the value's type, any other becomes text. `${{` stands for a literal `${`.
///
/// Threads: any number may evaluate one at once.
class Template {
public:
    /// Errors: Error invalid_argument at the place, with the offset in the text.
    static Template parse(std::string_view text, const base::TextPosition& place = {});

    /// Lifetime: the value points into the arena, into what `item` and `run` point to, and into
    /// this template.
    /// Errors:   Error invalid_argument that names the attribute and never holds its value.
    dynamodb::AttributeValue evaluate(const dynamodb::Item& item, const RunValues& run,
                                      base::Arena& arena) const;

    /// The top-level attributes that it reads, each once.
    const std::vector<std::string>& attributes() const noexcept { return attributes_; }
    /// Whether it is mere text.
    bool is_constant() const noexcept;

private:
    friend class TemplateParser;

    enum class Origin { text, path, run_id, run_started_at };
    struct Part {
        Origin origin = Origin::text;
        std::string text;  ///< literal, or the expression as written, for messages
        expressions::Path path;
        std::vector<Filter> filters;
    };

    static dynamodb::AttributeValue evaluate_part(const Part& part, const dynamodb::Item& item,
                                                  const RunValues& run, base::Arena& arena);

    std::vector<Part> parts_;
    std::vector<std::string> attributes_;
};

}  // namespace dynamigrate::migrate
