#include <dynamigrate/migrate/actions.hpp>

#include "direct_client.hpp"

#include <new>

namespace dynamigrate::migrate {

using backfill::Action;

Actions::Actions(When when, backfill::TransformOutput& out, base::Arena& page,
                 const std::function<std::string(const std::string&)>& physical_name,
                 DirectClient& direct)
    : when_(when),
      out_(out),
      page_(page),
      physical_name_(physical_name),
      direct_(direct) {}

std::string_view Actions::physical(const std::string& table) {
    base::Arena& arena = when_ == When::deferred ? arena_ : page_;
    return table.empty() || !physical_name_ ? arena.copy(table) : arena.copy(physical_name_(table));
}

/// Deferred actions are copied to disk at once, immediate ones stay for as long as the page.
void Actions::take(const Action& action) {
    if (when_ == When::deferred) {
        out_.defer(action);
        return;
    }
    Action kept = action;
    kept.item = action.item.clone(page_);
    kept.update = action.update.clone(page_);
    kept.expression = page_.copy(action.expression);
    using Name = std::pair<std::string_view, std::string_view>;
    auto* names =
        static_cast<Name*>(page_.allocate(sizeof(Name) * action.names.size(), alignof(Name)));
    for (std::size_t i = 0; i < action.names.size(); ++i) {
        new (names + i) Name(page_.copy(action.names[i].first), page_.copy(action.names[i].second));
    }
    kept.names = {names, action.names.size()};
    out_.act(kept);
}

void Actions::update(const UpdateAction& wanted) {
    if (wanted.expression.empty()) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "an update action needs an update expression");
    }
    Action action;
    action.kind = Action::Kind::update;
    action.table = physical(wanted.table);
    action.item = wanted.key;
    action.update = wanted.values;
    action.expression = wanted.expression;
    action.creates = wanted.creates;
    std::vector<std::pair<std::string_view, std::string_view>> names(wanted.names.begin(),
                                                                     wanted.names.end());
    action.names = names;
    take(action);
}

void Actions::insert(const InsertAction& wanted) {
    Action action;
    action.table = physical(wanted.table);
    action.item = wanted.item;
    action.if_exists = wanted.if_exists;
    take(action);
}

void Actions::remove(const DeleteAction& wanted) {
    Action action;
    action.kind = Action::Kind::remove;
    action.table = physical(wanted.table);
    action.item = wanted.key;
    take(action);
}

Client& Actions::client() { return direct_.client(); }

}  // namespace dynamigrate::migrate
