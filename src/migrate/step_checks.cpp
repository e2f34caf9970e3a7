#include "step_checks.hpp"

#include <dynamigrate/expressions/condition.hpp>

#include "transformation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

constexpr std::size_t kMaxProjected = 100;
constexpr std::uint32_t kMaxSegments = 1'000'000;

bool is_name(std::string_view name, std::size_t longest) {
    return name.size() >= 3 && name.size() <= longest &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '-' || c == '.';
           });
}

}  // namespace

void Checks::error(std::string code, std::string message, std::string remedy) {
    findings_.push_back(
        {Finding::Severity::error, std::move(code), place_, std::move(message), std::move(remedy)});
}

void Checks::warn(std::string code, std::string message, std::string remedy) {
    findings_.push_back({Finding::Severity::warning, std::move(code), place_, std::move(message),
                         std::move(remedy)});
}

void Checks::expect_no_error(const std::string& code, const std::string& what,
                             const std::function<void()>& check) {
    try {
        check();
    } catch (const base::Error& failure) {
        bool is_reserved = failure.message().find("reserved") != std::string::npos;
        findings_.push_back(
            {Finding::Severity::error, is_reserved ? "reserved_word" : code,
             failure.where().find(':') == std::string::npos ? place_ : failure.where(),
             what + ": " + failure.message(),
             is_reserved ? "name the attribute by a placeholder: `names: {\"#a\": attribute}`"
                         : ""});
    }
}

void Checks::table_name(const std::string& name) {
    bool is_arn = name.starts_with("arn:");
    if (name.empty()) {
        error("no_table", "the step names no table",
              "write `table:` in the step, the migration or the configuration");
    } else if (!is_arn && !is_name(name, 255)) {
        error("bad_name",
              fmt::format("'{}' is no name of a table: 3 to 255 letters, digits, '_', '-', '.'",
                          name));
    }
}

void Checks::key(const std::string& what, const KeyAttribute& hash,
                 const std::optional<KeyAttribute>& sort) {
    auto check = [&](const KeyAttribute& attribute) {
        using dynamodb::AttributeType;
        if (attribute.name.empty() || attribute.name.size() > 255) {
            error("bad_key",
                  fmt::format("the key of {} needs attribute names of 1 to 255 bytes", what));
        }
        if (attribute.type != AttributeType::string && attribute.type != AttributeType::number &&
            attribute.type != AttributeType::binary) {
            error("bad_key",
                  fmt::format("key attribute {} of {} has type {}; a key is S, N or B",
                              attribute.name, what, dynamodb::to_string(attribute.type)));
        }
    };
    check(hash);
    if (sort) {
        check(*sort);
        if (sort->name == hash.name) {
            error("bad_key", fmt::format("hash and sort of {} are both {}", what, hash.name));
        }
    }
}

void Checks::index(const IndexDefinition& index) {
    if (!is_name(index.name, 255)) {
        error("bad_name",
              fmt::format("'{}' is no name of an index: 3 to 255 letters, digits, '_', '-', '.'",
                          index.name));
    }
    key("index " + index.name, index.hash, index.sort);
    bool is_include = index.projection == dynamodb::ProjectionType::include;
    if (is_include && (index.attributes.empty() || index.attributes.size() > kMaxProjected)) {
        error("bad_projection", fmt::format("index {} projects {} attributes; a list holds 1 to {}",
                                            index.name, index.attributes.size(), kMaxProjected));
    }
    billing(index.billing);
}

void Checks::billing(const std::optional<Billing>& billing) {
    if (billing && billing->provisioned &&
        (billing->provisioned->read < 1 || billing->provisioned->write < 1)) {
        error("bad_billing", "provisioned capacity is at least 1 unit for reads and for writes");
    }
}

void Checks::condition(const OwnedExpression& where) {
    if (where.text.empty()) {
        if (!where.names.empty() || where.values) {
            error("bad_expression", "names or values without `where`");
        }
        return;
    }
    expect_no_error("bad_expression", "where",
                    [&] { expressions::Condition::parse(where.view(), "condition"); });
}

void Checks::transformation(const Transformation& transformation) {
    expect_no_error("bad_transformation", "transform",
                    [&] { CompiledTransformation(transformation, {}, std::nullopt); });
}

void Checks::foreign(const ForeignTransform& transform) {
    expect_no_error("bad_transformation", "transform", [&] { transform.check(); });
}

void Checks::options(const BackfillOptions& options) {
    if (options.segments && (*options.segments == 0 || *options.segments > kMaxSegments)) {
        error("bad_option", fmt::format("segments must be 1 to {}", kMaxSegments));
    }
    if (options.lanes && (*options.lanes == 0 || *options.lanes > 1024)) {
        error("bad_option", "lanes must be 1 to 1024");
    }
    if ((options.max_rcu && *options.max_rcu <= 0) || (options.max_wcu && *options.max_wcu <= 0)) {
        error("bad_option", "max_rcu and max_wcu must be more than 0");
    }
    if (options.passes && *options.passes == 0) {
        error("bad_option", "passes must be at least 1, or until_clean");
    }
}

}  // namespace dynamigrate::migrate
