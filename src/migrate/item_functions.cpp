#include "item_functions.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/key_change.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;

void check_key(const Item& before, const Item& after, const dynamodb::KeySchema& key) {
    const std::string name = dynamodb::changed_key_attribute(key, before, after);
    if (!name.empty()) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("the function changed {}, an attribute of the key: declare "
                                "TransformStep::function_changes_key or ForEach::changes_key",
                                name));
    }
}

}  // namespace

void FunctionTransform::apply(const Item& item, base::Arena& arena,
                              backfill::TransformOutput& out) const {
    ItemEditor editor(item, arena, out, physical_name_);
    try {
        function_(editor);
    } catch (const Error&) {
        throw;
    } catch (const std::exception& error) {
        throw Error(ErrorKind::invalid_argument,
                    std::string("the function failed: ") + error.what());
    }
    editor.finish();
    if (!declared_.changes_key && out.kind() == backfill::TransformOutput::Kind::changed) {
        check_key(item, out.after(), key_);
    }
    if (!declared_.acts && !out.actions().empty()) {
        throw Error(ErrorKind::failed_precondition,
                    "the function wrote other items: declare TransformStep::function_acts, or ask "
                    "Actions for it where ForEach::actions is deferred");
    }
}

void UpdateTransform::apply(const Item& item, base::Arena& arena,
                            backfill::TransformOutput& out) const {
    for (const std::string& name : expression_.attributes_read()) {
        out.reads(name);
    }
    out.change(expression_.apply(item, arena));
}

std::optional<std::vector<std::string>> UpdateTransform::attributes() const {
    std::vector<std::string> names;
    std::ranges::set_union(expression_.attributes_written(), expression_.attributes_read(),
                           std::back_inserter(names));
    return names;
}

}  // namespace dynamigrate::migrate
