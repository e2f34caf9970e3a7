#include <dynamigrate/json/value.hpp>

#include <dynamigrate/json/writer.hpp>

#include <algorithm>

namespace dynamigrate::json {

Value Value::boolean(bool value) {
    Value made;
    made.type_ = Type::boolean;
    made.boolean_ = value;
    return made;
}

Value Value::number(std::string text) {
    Value made;
    made.type_ = Type::number;
    made.text_ = std::move(text);
    return made;
}

Value Value::string(std::string text) {
    Value made;
    made.type_ = Type::string;
    made.text_ = std::move(text);
    return made;
}

Value Value::array(Array elements) {
    Value made;
    made.type_ = Type::array;
    made.elements_ = std::move(elements);
    return made;
}

Value Value::object() { return object(Object()); }

Value Value::object(Object members) {
    Value made;
    made.type_ = Type::object;
    made.members_ = std::move(members);
    return made;
}

const Value* Value::find(std::string_view key) const {
    const auto found = std::find_if(members_.begin(), members_.end(),
                                    [&](const Member& member) { return member.key == key; });
    return found == members_.end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) {
    return const_cast<Value*>(std::as_const(*this).find(key));
}

void Value::set(std::string key, Value value) {
    if (Value* present = find(key)) {
        *present = std::move(value);
    } else {
        members_.push_back({std::move(key), std::move(value)});
    }
}

std::string_view to_string(Value::Type type) noexcept {
    switch (type) {
        case Value::Type::null:
            return "null";
        case Value::Type::boolean:
            return "boolean";
        case Value::Type::number:
            return "number";
        case Value::Type::string:
            return "string";
        case Value::Type::array:
            return "array";
        case Value::Type::object:
            break;
    }
    return "object";
}

void blend(Value& base, const Value& other) {
    if (!base.is_object() || !other.is_object()) {
        base = Value(other);
        return;
    }
    for (const Value::Member& member : other.members()) {
        if (Value* present = base.find(member.key)) {
            blend(*present, member.value);
        } else {
            base.members().push_back(member);
        }
    }
}

void fail(const std::string& file, const Value& value, const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .at(base::TextPosition{file, value.line, value.column}.to_string());
}

namespace {

/// Writes a tree; `indent` 0 writes it on one line.
class TreeWriter {
public:
    TreeWriter(std::string& out, std::size_t indent) : out_(out), indent_(indent) {}

    void write(const Value& value) {
        switch (value.type()) {
            case Value::Type::null:
                out_ += "null";
                break;
            case Value::Type::boolean:
                out_ += value.as_boolean() ? "true" : "false";
                break;
            case Value::Type::number:
                write_number(value.text());
                break;
            case Value::Type::string:
                Writer::append_quoted(out_, value.text());
                break;
            case Value::Type::array:
                write_all(value.elements(), '[', ']', [&](const Value& v) { write(v); });
                break;
            case Value::Type::object:
                write_all(value.members(), '{', '}', [&](const Value::Member& m) { write(m); });
                break;
        }
    }

private:
    void write(const Value::Member& member) {
        Writer::append_quoted(out_, member.key);
        out_ += indent_ > 0 ? ": " : ":";
        write(member.value);
    }

    void write_number(const std::string& text) {
        const bool is_json = text.find_first_of("NI") == std::string::npos;
        out_ += is_json ? text : "null";
    }

    template <class Elements, class WriteOne>
    void write_all(const Elements& elements, char open, char close, WriteOne&& write_one) {
        out_.push_back(open);
        ++depth_;
        bool first = true;
        for (const auto& element : elements) {
            if (!first) {
                out_.push_back(',');
            }
            first = false;
            break_line();
            write_one(element);
        }
        --depth_;
        if (!first) {
            break_line();
        }
        out_.push_back(close);
    }

    void break_line() {
        if (indent_ > 0) {
            out_.push_back('\n');
            out_.append(depth_ * indent_, ' ');
        }
    }

    std::string& out_;
    std::size_t indent_;
    std::size_t depth_ = 0;
};

}  // namespace

std::string to_json(const Value& value) {
    std::string out;
    TreeWriter(out, 0).write(value);
    return out;
}

std::string to_pretty_json(const Value& value) {
    std::string out;
    TreeWriter(out, 2).write(value);
    return out;
}

}  // namespace dynamigrate::json
