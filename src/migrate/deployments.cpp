#include <dynamigrate/migrate/deployments.hpp>

#include "history.hpp"
#include "native_table.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dynamigrate::migrate {

namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using dynamodb::ItemBuilder;

constexpr std::string_view kPrefix = "deployment#";

constexpr std::array<std::pair<std::string_view, std::string Deployment::*>, 13> kTexts = {{
    {"request", &Deployment::request},
    {"stack", &Deployment::stack},
    {"resource", &Deployment::resource},
    {"began_at", &Deployment::began_at},
    {"digest", &Deployment::digest},
    {"execution", &Deployment::execution},
    {"current", &Deployment::current},
    {"current_execution", &Deployment::current_execution},
    {"current_since", &Deployment::current_since},
    {"paused", &Deployment::paused},
    {"outcome", &Deployment::outcome},
    {"reason", &Deployment::reason},
    {"answer", &Deployment::answer},
}};

constexpr std::array<std::pair<std::string_view, std::vector<std::string> Deployment::*>, 2>
    kLists = {{{"begun", &Deployment::begun}, {"done", &Deployment::done}}};

AttributeValue list_value(const std::vector<std::string>& texts, base::Arena& arena) {
    std::vector<AttributeValue> values;
    for (const std::string& text : texts) {
        values.push_back(AttributeValue::string(arena.copy(text)));
    }
    return AttributeValue::list(arena.copy(std::span<const AttributeValue>(values)));
}

Deployment to_deployment(const Item& item) {
    Deployment deployment;
    for (const auto& [name, member] : kTexts) {
        deployment.*member = item.text(name);
    }
    for (const auto& [name, member] : kLists) {
        const AttributeValue* list = item.find(name);
        if (list && list->is(AttributeType::list)) {
            for (const AttributeValue& value : list->elements()) {
                (deployment.*member).emplace_back(value.text());
            }
        }
    }
    const AttributeValue* rollback = item.find("rollback");
    deployment.is_rollback =
        rollback && rollback->is(AttributeType::boolean) && rollback->as_boolean();
    deployment.paused_at = to_unsigned(item.find("paused_at"));
    deployment.revision = to_unsigned(item.find("revision"));
    return deployment;
}

Item to_item(const Deployment& deployment, base::Arena& arena) {
    ItemBuilder item(arena);
    for (const auto& [name, member] : kTexts) {
        if (!(deployment.*member).empty()) {
            item.string(name, deployment.*member);
        }
    }
    for (const auto& [name, member] : kLists) {
        item.set(name, list_value(deployment.*member, arena));
    }
    if (deployment.is_rollback) {
        item.boolean("rollback", true);
    }
    if (deployment.paused_at > 0) {
        item.number("paused_at", static_cast<std::int64_t>(deployment.paused_at));
    }
    item.number("revision", static_cast<std::int64_t>(deployment.revision));
    return item.build();
}

std::string sort_key(std::string_view request) { return fmt::format("{}{}", kPrefix, request); }

}  // namespace

struct Deployments::Parts {
    NativeTable table;

    Parts(const World& world, const Settings& settings)
        : table(*world.service, settings.history_table, settings.scope, *world.clock,
                *world.random) {}
};

Deployments::Deployments(const World& world, const Settings& settings)
    : parts_(std::make_unique<Parts>(world, settings)) {}

Deployments::~Deployments() = default;

std::optional<Deployment> Deployments::find(std::string_view request) {
    const auto item = parts_->table.get(sort_key(request));
    return item ? std::optional(to_deployment(item->item)) : std::nullopt;
}

std::vector<Deployment> Deployments::of_resource(std::string_view stack,
                                                 std::string_view resource) {
    std::vector<Deployment> found;
    parts_->table.query(kPrefix, [&](const Item& item) {
        if (item.text("stack") == stack && item.text("resource") == resource) {
            found.push_back(to_deployment(item));
        }
    });
    std::ranges::stable_sort(found, {}, &Deployment::began_at);
    return found;
}

void Deployments::save(Deployment& deployment) {
    Deployment next = deployment;
    ++next.revision;
    base::Arena arena;
    dynamodb::ExpressionText condition;
    condition.text = "attribute_not_exists(#revision) OR #revision = :before";
    condition.names = {{"#revision", "revision"}};
    condition.values = ItemBuilder(arena)
                           .number(":before", static_cast<std::int64_t>(deployment.revision))
                           .build();
    if (!parts_->table.put_fenced_if(sort_key(next.request), to_item(next, arena), next.revision,
                                     condition)) {
        throw base::Error(base::ErrorKind::aborted,
                          fmt::format("another call of the function looks after the deployment {}",
                                      next.request));
    }
    deployment = std::move(next);
}

}  // namespace dynamigrate::migrate
