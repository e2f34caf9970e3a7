#include "requests.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

#include <algorithm>
#include <charconv>

namespace dynamigrate::backfill {

using dynamodb::Attribute;
using dynamodb::AttributeValue;
using json::Writer;

namespace {

constexpr std::size_t kMaxStatementCharacters = 8000;
constexpr std::size_t kMaxStatementConditions = 90;
constexpr std::size_t kMaxSingleConditions = 140;
constexpr std::size_t kMaxExpressionBytes = 4000;

/// Appends a character as it stands inside a JSON string.
void append_escaped(std::string& out, char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        out.push_back('\\');
        out.push_back(c);
    } else if (byte < 0x20) {
        static constexpr char kHex[] = "0123456789abcdef";
        out.append("\\u00");
        out.push_back(kHex[byte >> 4]);
        out.push_back(kHex[byte & 15]);
    } else {
        out.push_back(c);
    }
}

/// Appends a quoted PartiQL word inside a JSON string, with quotes in it doubled.
void append_quoted(std::string& out, std::string_view word, char quote) {
    const std::string_view escaped_quote = quote == '"' ? std::string_view("\\\"") : "'";
    const bool is_plain = std::none_of(word.begin(), word.end(), [quote](char c) {
        return c == quote || c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
    });
    out.append(escaped_quote);
    if (is_plain) {
        out.append(word);
    } else {
        for (char c : word) {
            append_escaped(out, c);
            if (c == quote) {
                append_escaped(out, c);
            }
        }
    }
    out.append(escaped_quote);
}

void append_identifier(std::string& out, std::string_view name) { append_quoted(out, name, '"'); }

/// Attribute by attribute: DynamoDB takes no whole item as a parameter.
void append_item(std::string& out, const dynamodb::Item& item) {
    out.append(" VALUE ");
    char separator = '{';
    for (const Attribute& attribute : item) {
        out.push_back(separator);
        append_quoted(out, attribute.name, '\'');
        out.append(":?");
        separator = ',';
    }
    out.push_back('}');
}

void append_changes(std::string& out, const Edit& edit) {
    for (const Attribute& attribute : edit.sets) {
        out.append(" SET ");
        append_identifier(out, attribute.name);
        out.append("=?");
    }
    for (std::string_view name : edit.removes) {
        out.append(" REMOVE ");
        append_identifier(out, name);
    }
}

void append_conditions(std::string& out, const Edit& edit) {
    std::string_view conjunction = " WHERE ";
    const auto condition = [&](std::string_view name, std::string_view rest) {
        out.append(conjunction);
        append_identifier(out, name);
        out.append(rest);
        conjunction = " AND ";
    };
    for (const Attribute& attribute : edit.key) {
        condition(attribute.name, "=?");
    }
    for (const Attribute& attribute : edit.guard_present) {
        condition(attribute.name, "=?");
    }
    for (std::string_view name : edit.guard_absent) {
        condition(name, " IS MISSING");
    }
    if (edit.marker) {
        out.append(conjunction).append("(");
        append_identifier(out, kMarkerAttribute);
        out.append(" IS MISSING OR ");
        append_identifier(out, kMarkerAttribute);
        out.append("<>?)");
    }
}

void append_statement(std::string& out, const Edit& edit) {
    out.append(edit.is_insert() ? "INSERT INTO " : edit.is_delete() ? "DELETE FROM " : "UPDATE ");
    append_identifier(out, edit.target->name);
    if (edit.is_insert()) {
        append_item(out, edit.after);
        return;
    }
    if (!edit.is_delete()) {
        append_changes(out, edit);
    }
    append_conditions(out, edit);
}

/// The values of the statement's question marks, in their order.
void write_parameters(Writer& out, const Edit& edit) {
    const auto write_all = [&out](std::span<const Attribute> attributes) {
        for (const Attribute& attribute : attributes) {
            dynamodb::write_value(out, attribute.value);
        }
    };
    if (edit.is_insert()) {
        write_all(edit.after.attributes());
        return;
    }
    if (!edit.is_delete()) {
        write_all(edit.sets);
    }
    write_all(edit.key.attributes());
    write_all(edit.guard_present);
    if (edit.marker) {
        dynamodb::write_value(out, AttributeValue::string(edit.run));
    }
}

bool same_names(std::span<const Attribute> a, std::span<const Attribute> b) {
    return std::ranges::equal(a, b, {}, &Attribute::name, &Attribute::name);
}

/// Whether both have the same statement, which then differs in its parameters only.
bool same_statement(const Edit& a, const Edit& b) {
    return a.kind == b.kind && a.target == b.target && a.marker == b.marker &&
           same_names(a.sets, b.sets) && std::ranges::equal(a.removes, b.removes) &&
           same_names(a.key.attributes(), b.key.attributes()) &&
           same_names(a.guard_present, b.guard_present) &&
           std::ranges::equal(a.guard_absent, b.guard_absent) &&
           (!a.is_insert() || same_names(a.after.attributes(), b.after.attributes()));
}

/// Collects names and values of a request's expressions as placeholders.
class Placeholders {
public:
    std::string name(std::string_view attribute) {
        const auto known = std::find(names_.begin(), names_.end(), attribute);
        const auto index = static_cast<std::size_t>(known - names_.begin());
        if (known == names_.end()) {
            names_.push_back(attribute);
        }
        return "#" + std::to_string(index);
    }
    std::string value(const AttributeValue& value) {
        values_.push_back(value);
        return ":" + std::to_string(values_.size() - 1);
    }
    void write(Writer& out) const {
        if (!names_.empty()) {
            out.key("ExpressionAttributeNames").begin_object();
            for (std::size_t i = 0; i < names_.size(); ++i) {
                out.key("#" + std::to_string(i)).string(names_[i]);
            }
            out.end_object();
        }
        if (!values_.empty()) {
            out.key("ExpressionAttributeValues").begin_object();
            for (std::size_t i = 0; i < values_.size(); ++i) {
                out.key(":" + std::to_string(i));
                dynamodb::write_value(out, values_[i]);
            }
            out.end_object();
        }
    }

private:
    std::vector<std::string_view> names_;
    std::vector<AttributeValue> values_;
};

std::string condition_text(const Edit& edit, Placeholders& placeholders) {
    const std::string key = placeholders.name(edit.key.attributes().front().name);
    if (edit.is_insert()) {
        return "attribute_not_exists(" + key + ")";
    }
    std::string text = "attribute_exists(" + key + ")";
    for (const Attribute& attribute : edit.guard_present) {
        text +=
            " AND " + placeholders.name(attribute.name) + "=" + placeholders.value(attribute.value);
    }
    for (std::string_view name : edit.guard_absent) {
        text += " AND attribute_not_exists(" + placeholders.name(name) + ")";
    }
    if (edit.marker) {
        const std::string marker = placeholders.name(kMarkerAttribute);
        text += " AND (attribute_not_exists(" + marker + ") OR " + marker + "<>" +
                placeholders.value(AttributeValue::string(edit.run)) + ")";
    }
    return text;
}

std::string update_text(const Edit& edit, Placeholders& placeholders) {
    std::string text;
    for (const Attribute& attribute : edit.sets) {
        text += text.empty() ? "SET " : ",";
        text += placeholders.name(attribute.name) + "=" + placeholders.value(attribute.value);
    }
    bool first = true;
    for (std::string_view name : edit.removes) {
        text += first ? " REMOVE " : ",";
        text += placeholders.name(name);
        first = false;
    }
    return text;
}

void write_key(Writer& out, const Edit& edit) {
    out.key("Key");
    dynamodb::write_item(out, edit.key);
}

}  // namespace

void StatementBatch::begin(std::string& body) {
    body_ = &body;
    size_ = 0;
    last_ = nullptr;
    body.assign(R"({"Statements":[)");
}

bool StatementBatch::add(const Edit& edit) {
    if (edit.is_delete() && edit.guard_present.empty()) {
        return false;  // a PartiQL DELETE by key alone succeeds for a missing item too
    }
    if (edit.guard_present.size() + edit.guard_absent.size() > kMaxStatementConditions) {
        return false;
    }
    const std::size_t start = body_->size();
    body_->append(size_ == 0 ? R"({"Statement":")" : R"(,{"Statement":")");
    const std::size_t text_start = body_->size();
    if (last_ != nullptr && same_statement(*last_, edit)) {
        body_->append(*body_, text_start_, text_size_);
    } else {
        append_statement(*body_, edit);
        if (body_->size() - text_start > kMaxStatementCharacters) {
            body_->resize(start);
            return false;
        }
    }
    last_ = &edit;
    text_start_ = text_start;
    text_size_ = body_->size() - text_start;
    body_->append(R"(","Parameters":[)");
    Writer out(*body_);
    write_parameters(out, edit);
    body_->append("]}");
    ++size_;
    return true;
}

void StatementBatch::end() { body_->append(R"(],"ReturnConsumedCapacity":"TOTAL"})"); }

std::string_view write_single_request(const Edit& edit, bool return_old, std::string& body) {
    body.clear();
    Placeholders placeholders;
    const std::string condition = condition_text(edit, placeholders);
    const std::string update =
        edit.is_insert() || edit.is_delete() ? std::string() : update_text(edit, placeholders);
    if (condition.size() > kMaxExpressionBytes || update.size() > kMaxExpressionBytes ||
        edit.guard_present.size() + edit.guard_absent.size() > kMaxSingleConditions) {
        return {};
    }
    Writer out(body);
    out.begin_object().key("TableName").string(edit.target->name);
    std::string_view operation = "UpdateItem";
    if (edit.is_insert()) {
        operation = "PutItem";
        out.key("Item");
        dynamodb::write_item(out, edit.after);
    } else {
        write_key(out, edit);
    }
    if (edit.is_delete()) {
        operation = "DeleteItem";
        if (return_old) {
            out.key("ReturnValues").string("ALL_OLD");
        }
    }
    if (!update.empty()) {
        out.key("UpdateExpression").string(update);
    }
    out.key("ConditionExpression").string(condition);
    placeholders.write(out);
    out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
    return operation;
}

void write_batch_put(std::span<const Edit* const> edits, std::string& body) {
    body.clear();
    Writer out(body);
    out.begin_object().key("RequestItems").begin_object();
    out.key(edits.front()->target->name).begin_array();
    for (const Edit* edit : edits) {
        out.begin_object().key("PutRequest").begin_object().key("Item");
        dynamodb::write_item(out, edit->after);
        out.end_object().end_object();
    }
    out.end_array().end_object();
    out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
}

void write_move_transaction(const Edit& remove, const Edit& insert, std::string_view token,
                            std::string& body) {
    body.clear();
    Writer out(body);
    out.begin_object().key("TransactItems").begin_array();
    const auto action = [&](std::string_view name, const Edit& edit) {
        Placeholders placeholders;
        const std::string condition = condition_text(edit, placeholders);
        out.begin_object().key(name).begin_object();
        out.key("TableName").string(edit.target->name);
        if (edit.is_insert()) {
            out.key("Item");
            dynamodb::write_item(out, edit.after);
        } else {
            write_key(out, edit);
        }
        out.key("ConditionExpression").string(condition);
        placeholders.write(out);
        out.end_object().end_object();
    };
    action("Delete", remove);
    action("Put", insert);
    out.end_array().key("ClientRequestToken").string(token);
    out.key("ReturnConsumedCapacity").string("TOTAL").end_object();
}

}  // namespace dynamigrate::backfill
