#include "legacy_parameters.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <string>

namespace dynamigrate::engine {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using expressions::AttributeChange;
using expressions::AttributeTest;
using expressions::Comparison;

namespace {

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

/// Which types of values an operator takes, by `AttributeType`.
using Types = std::bitset<10>;

consteval Types types(std::initializer_list<AttributeType> wanted) {
    unsigned long bits = 0;
    for (AttributeType type : wanted) {
        bits |= 1UL << static_cast<unsigned>(type);
    }
    return Types(bits);
}

constexpr Types kAllTypes(0x3FF);
constexpr Types kKeyTypes =
    types({AttributeType::string, AttributeType::number, AttributeType::binary});
constexpr Types kTextTypes = types({AttributeType::string, AttributeType::binary});
constexpr Types kScalarTypes =
    types({AttributeType::string, AttributeType::number, AttributeType::binary,
           AttributeType::boolean, AttributeType::null});
constexpr Types kAddTypes =
    types({AttributeType::number, AttributeType::string_set, AttributeType::number_set,
           AttributeType::binary_set, AttributeType::list});
constexpr Types kSetTypes =
    types({AttributeType::string_set, AttributeType::number_set, AttributeType::binary_set});

struct Operator {
    std::string_view name;
    Comparison comparison;
    std::size_t least;
    std::size_t most;
    Types types;
    bool is_for_keys;
};

constexpr auto kOperators = std::to_array<Operator>({
    {"EQ", Comparison::equal, 1, 1, kAllTypes, true},
    {"NE", Comparison::not_equal, 1, 1, kAllTypes, false},
    {"LT", Comparison::less, 1, 1, kKeyTypes, true},
    {"LE", Comparison::less_or_equal, 1, 1, kKeyTypes, true},
    {"GT", Comparison::greater, 1, 1, kKeyTypes, true},
    {"GE", Comparison::greater_or_equal, 1, 1, kKeyTypes, true},
    {"BETWEEN", Comparison::between, 2, 2, kKeyTypes, true},
    {"BEGINS_WITH", Comparison::begins_with, 1, 1, kTextTypes, true},
    {"IN", Comparison::in, 1, kAny, kKeyTypes, false},
    {"NULL", Comparison::not_exists, 0, 0, kAllTypes, false},
    {"NOT_NULL", Comparison::exists, 0, 0, kAllTypes, false},
    {"CONTAINS", Comparison::contains, 1, 1, kScalarTypes, false},
    {"NOT_CONTAINS", Comparison::not_contains, 1, 1, kScalarTypes, false},
});

[[noreturn]] void refuse_values(const std::string& message) {
    refuse_validation("One or more parameter values were invalid: " + message);
}

std::string for_attribute(std::string_view name) { return " for Attribute: " + std::string(name); }

void check_name(std::string_view name) {
    if (name.empty()) {
        refuse_validation("Empty attribute name");
    }
}

/// `member_path`: such as "scanFilter.size.member".
const Operator& operator_of(std::string_view name, const std::string& member_path) {
    auto found = std::find_if(kOperators.begin(), kOperators.end(),
                              [&](const Operator& candidate) { return candidate.name == name; });
    if (found == kOperators.end()) {
        Constraints constraints;
        constraints.violated(name, member_path + ".comparisonOperator",
                             "Member must satisfy enum value set: [IN, NULL, BETWEEN, LT, "
                             "NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, CONTAINS]");
        constraints.check();
    }
    return *found;
}

bool is_above(const AttributeValue& a, const AttributeValue& b) {
    return a.is(AttributeType::number) ? dynamodb::compare_numbers(a.text(), b.text()) > 0
                                       : a.text() > b.text();
}

void check_operands(const Operator& op, std::span<const AttributeValue> operands) {
    if (operands.size() < op.least || operands.size() > op.most) {
        refuse_values("Invalid number of argument(s) for the " + std::string(op.name) +
                      " ComparisonOperator");
    }
    for (const AttributeValue& operand : operands) {
        if (!op.types.test(static_cast<std::size_t>(operand.type()))) {
            refuse_values("ComparisonOperator " + std::string(op.name) + " is not valid for " +
                          std::string(to_string(operand.type())) + " AttributeValue type");
        }
    }
    for (const AttributeValue& operand : operands) {
        if (operand.type() != operands.front().type()) {
            refuse_values("AttributeValues inside AttributeValueList must be of same type");
        }
    }
    if (op.comparison == Comparison::between && is_above(operands[0], operands[1])) {
        refuse_validation(
            "The BETWEEN condition was provided a range where the lower bound is greater than the "
            "upper bound");
    }
}

std::span<const AttributeValue> read_values(Request& request, array values) {
    auto* place = request.arena.allocate_array<AttributeValue>(values.size());
    std::size_t count = 0;
    for (element value : values) {
        new (place + count++) AttributeValue(request.values.value(value));
    }
    return {place, count};
}

std::span<const AttributeValue> read_value(Request& request, element value) {
    auto* place = request.arena.allocate_array<AttributeValue>(1);
    new (place) AttributeValue(request.values.value(value));
    return {place, 1};
}

AttributeTest make_test(std::string_view attribute, const Operator& op,
                        std::span<const AttributeValue> operands) {
    check_operands(op, operands);
    return {attribute, op.comparison, operands};
}

/// "ScanFilter" as constraints name it: "scanFilter".
std::string path_of(std::string_view member_name) {
    std::string path(member_name);
    path.front() = static_cast<char>(path.front() - 'A' + 'a');
    return path;
}

/// A condition as filters and KeyConditions have it.
AttributeTest filter_test(Request& request, std::string_view attribute, object condition,
                          const std::string& member_path) {
    check_name(attribute);
    std::optional<std::string_view> name = text(condition, "ComparisonOperator");
    if (!name) {
        refuse_null(member_path + ".comparisonOperator");
    }
    const Operator& op = operator_of(*name, member_path);
    auto values = list(condition, "AttributeValueList");
    return make_test(attribute, op,
                     values ? read_values(request, *values) : std::span<const AttributeValue>());
}

std::vector<AttributeTest> filter_tests(Request& request, object from,
                                        std::string_view member_name) {
    std::vector<AttributeTest> tests;
    if (auto conditions = structure(from, member_name)) {
        for (auto [attribute, condition] : *conditions) {
            tests.push_back(
                filter_test(request, attribute, as_object(condition),
                            path_of(member_name) + "." + std::string(attribute) + ".member"));
        }
    }
    return tests;
}

/// An expected attribute without a ComparisonOperator: there with this value, or not there.
AttributeTest presence_test(Request& request, std::string_view attribute, object expected) {
    std::optional<bool> exists = boolean(expected, "Exists");
    std::optional<element> value = member(expected, "Value");
    if (member(expected, "AttributeValueList")) {
        refuse_values("AttributeValueList can only be used with a ComparisonOperator" +
                      for_attribute(attribute));
    }
    if (!exists.value_or(true)) {
        if (value) {
            refuse_values("Value cannot be used when Exists is false" + for_attribute(attribute));
        }
        return {attribute, Comparison::not_exists, {}};
    }
    if (!value) {
        refuse_values("Value must be provided when Exists is " +
                      std::string(exists ? "true" : "null") + for_attribute(attribute));
    }
    return {attribute, Comparison::equal, read_value(request, *value)};
}

AttributeTest comparison_test(Request& request, std::string_view attribute, object expected,
                              std::string_view name) {
    const Operator& op = operator_of(name, "expected." + std::string(attribute) + ".member");
    if (member(expected, "Exists")) {
        refuse_values("Exists and ComparisonOperator cannot be used together" +
                      for_attribute(attribute));
    }
    if (auto values = list(expected, "AttributeValueList")) {
        return make_test(attribute, op, read_values(request, *values));
    }
    if (auto value = member(expected, "Value")) {
        return make_test(attribute, op, read_value(request, *value));
    }
    if (op.least > 0) {
        refuse_values("Value or AttributeValueList must be used with ComparisonOperator: " +
                      std::string(name) + for_attribute(attribute));
    }
    return make_test(attribute, op, {});
}

AttributeTest expected_test(Request& request, std::string_view attribute, object expected) {
    check_name(attribute);
    if (member(expected, "Value") && member(expected, "AttributeValueList")) {
        refuse_values("Value and AttributeValueList cannot be used together" +
                      for_attribute(attribute));
    }
    std::optional<std::string_view> name = text(expected, "ComparisonOperator");
    return name ? comparison_test(request, attribute, expected, *name)
                : presence_test(request, attribute, expected);
}

/// The conditions, joined as ConditionalOperator says.
expressions::Condition join(object from, std::span<const AttributeTest> tests) {
    std::optional<std::string_view> wish = text(from, "ConditionalOperator");
    if (!wish) {
        return expressions::Condition::of(tests);
    }
    if (*wish != "AND" && *wish != "OR") {
        Constraints constraints;
        constraints.violated(*wish, "conditionalOperator",
                             "Member must satisfy enum value set: [OR, AND]");
        constraints.check();
    }
    if (tests.empty()) {
        refuse_validation("ConditionalOperator cannot be used without Filter or Expected");
    }
    if (tests.size() == 1) {
        refuse_validation(
            "ConditionalOperator can only be used when Filter or Expected has two or more "
            "elements");
    }
    return expressions::Condition::of(tests, *wish == "OR");
}

AttributeChange::Kind kind_of(std::string_view action, std::string_view attribute, bool has_value) {
    if (action == "PUT") {
        return AttributeChange::Kind::put;
    }
    if (action == "ADD") {
        return AttributeChange::Kind::add;
    }
    if (action != "DELETE") {
        Constraints constraints;
        constraints.violated(action,
                             "attributeUpdates." + std::string(attribute) + ".member.action",
                             "Member must satisfy enum value set: [ADD, PUT, DELETE]");
        constraints.check();
    }
    return has_value ? AttributeChange::Kind::erase : AttributeChange::Kind::remove;
}

void check_change(const AttributeChange& change) {
    bool is_add = change.kind == AttributeChange::Kind::add;
    bool is_erase = change.kind == AttributeChange::Kind::erase;
    auto type = static_cast<std::size_t>(change.value.type());
    if (is_add && !kAddTypes.test(type)) {
        refuse_values("ADD action is not supported for the type " +
                      std::string(to_string(change.value.type())));
    }
    if (is_erase && !kSetTypes.test(type)) {
        refuse_values("DELETE action with value is not supported for the type " +
                      std::string(to_string(change.value.type())));
    }
}

AttributeChange read_change(Request& request, std::string_view attribute, object update) {
    check_name(attribute);
    std::optional<element> value = member(update, "Value");
    AttributeChange change{
        attribute, kind_of(text_or(update, "Action", "PUT"), attribute, value.has_value()), {}};
    if (value) {
        change.value = request.values.value(*value);
    } else if (change.kind != AttributeChange::Kind::remove) {
        refuse_values("Only DELETE action is allowed when no attribute value is specified");
    }
    check_change(change);
    return change;
}

std::string present_members(object from, std::initializer_list<std::string_view> names) {
    std::string present;
    for (std::string_view name : names) {
        if (member(from, name)) {
            present += present.empty() ? "" : ", ";
            present += name;
        }
    }
    return present;
}

}  // namespace

void refuse_mixture(object from, std::initializer_list<std::string_view> legacy,
                    std::initializer_list<std::string_view> expressions) {
    std::string old_ones = present_members(from, legacy);
    if (old_ones.empty()) {
        return;
    }
    std::string new_ones = present_members(from, expressions);
    if (!new_ones.empty()) {
        refuse_validation(
            "Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {" +
            old_ones + "} Expression parameters: {" + new_ones + "}");
    }
}

expressions::Condition legacy_filter(Request& request, object from, std::string_view member_name) {
    return join(from, filter_tests(request, from, member_name));
}

expressions::Condition legacy_expected(Request& request, object from) {
    std::vector<AttributeTest> tests;
    if (auto expected = structure(from, "Expected")) {
        for (auto [attribute, condition] : *expected) {
            tests.push_back(expected_test(request, attribute, as_object(condition)));
        }
    }
    return join(from, tests);
}

expressions::UpdateExpression legacy_update(Request& request, object from) {
    std::vector<AttributeChange> changes;
    if (auto updates = structure(from, "AttributeUpdates")) {
        for (auto [attribute, update] : *updates) {
            changes.push_back(read_change(request, attribute, as_object(update)));
        }
    }
    return expressions::UpdateExpression::of(changes);
}

expressions::Projection legacy_projection(object from) {
    auto names = list(from, "AttributesToGet");
    if (!names) {
        return {};
    }
    if (names->size() == 0) {
        Constraints constraints;
        constraints.violated("[]", "attributesToGet",
                             "Member must have length greater than or equal to 1");
        constraints.check();
    }
    std::vector<expressions::Path> paths;
    for (element name : *names) {
        std::string_view attribute = as_text(name);
        check_name(attribute);
        expressions::Path path{{{std::string(attribute), -1}}};
        if (std::find(paths.begin(), paths.end(), path) != paths.end()) {
            refuse_values("Duplicate value in attribute name: " + std::string(attribute));
        }
        paths.push_back(std::move(path));
    }
    return expressions::Projection::of(std::move(paths));
}

LegacyKeyConditions::LegacyKeyConditions(Request& request, object from)
    : tests_(filter_tests(request, from, "KeyConditions")) {
    if (tests_.empty() || tests_.size() > 2) {
        refuse_validation("Conditions can be of length 1 or 2 only");
    }
}

expressions::KeyCondition LegacyKeyConditions::bind(const dynamodb::KeySchema& key) const {
    for (const AttributeTest& test : tests_) {
        auto op = std::find_if(
            kOperators.begin(), kOperators.end(),
            [&](const Operator& candidate) { return candidate.comparison == test.comparison; });
        if (!op->is_for_keys) {
            refuse_validation("Attempted conditional constraint is not an indexable operation");
        }
    }
    return expressions::KeyCondition::of(tests_, key);
}

}  // namespace dynamigrate::engine
