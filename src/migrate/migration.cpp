#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/migrate/migration.hpp>

namespace dynamigrate::migrate {

namespace {

/// What is known of a migration that has no file; the bodies of its functions are not.
std::string describe(const Migration& migration) {
    std::string text = migration.id() + "\n" + migration.description() + "\n";
    for (const StepPtr& step : migration.up_steps()) {
        text += "up " + step->kind() + " " + step->summary() + "\n";
    }
    for (const StepPtr& step : migration.down_steps()) {
        text += "down " + step->kind() + " " + step->summary() + "\n";
    }
    text += migration.down_mode() == Migration::Down::automatic ? "auto" : "";
    return text;
}

}  // namespace

Migration::Migration(std::string version_or_name, std::string description)
    : id_(std::move(version_or_name)),
      version_(Version::parse(id_)),
      description_(std::move(description)) {
    if (id_.empty()) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "a migration needs a version or a name");
    }
}

Migration& Migration::alias(std::string id) {
    alias_ = std::move(id);
    return *this;
}

Migration& Migration::on(std::string table) {
    table_ = std::move(table);
    return *this;
}

Migration& Migration::depends_on(std::vector<std::string> versions) {
    dependencies_ = std::move(versions);
    return *this;
}

Migration& Migration::step(StepPtr step, std::string place) {
    if (!place.empty()) {
        places_.emplace_back(step, std::move(place));
    }
    (adding_down_ ? down_ : up_).push_back(std::move(step));
    return *this;
}

std::string Migration::place_of(const StepPtr& step) const {
    for (const auto& [known, place] : places_) {
        if (known == step) {
            return place;
        }
    }
    return path_ == "memory" ? "migration " + id_ : path_;
}

Migration& Migration::down() {
    adding_down_ = true;
    down_mode_ = Down::steps;
    return *this;
}

Migration& Migration::down_auto() {
    down_mode_ = Down::automatic;
    return *this;
}

Migration& Migration::from(std::string path, std::string checksum) {
    path_ = std::move(path);
    checksum_ = std::move(checksum);
    return *this;
}

Migration& Migration::transform(std::function<void(ItemEditor&)> function) {
    TransformStep definition;
    definition.table = table_;
    definition.function = std::move(function);
    return step(make_transform(std::move(definition)));
}

Migration& Migration::create_table(CreateTable definition) {
    return step(make_create_table(std::move(definition)));
}

Migration& Migration::delete_table(std::string name) {
    return step(make_delete_table(std::move(name)));
}

Migration& Migration::create_index(IndexDefinition definition) {
    return step(make_create_index(table_, std::move(definition)));
}

Migration& Migration::delete_index(std::string name) {
    return step(make_delete_index(table_, std::move(name)));
}

Migration& Migration::rename_attribute(std::string from, std::string to) {
    return step(make_rename_attribute(table_, std::move(from), std::move(to)));
}

Migration& Migration::remove_attribute(std::string name) {
    return step(make_remove_attribute(table_, std::move(name)));
}

Migration& Migration::put(std::vector<dynamodb::OwnedItem> items) {
    PutStep definition;
    definition.table = table_;
    for (dynamodb::OwnedItem& item : items) {
        definition.items.push_back(std::make_shared<const dynamodb::OwnedItem>(std::move(item)));
    }
    return step(make_put(std::move(definition)));
}

Migration& Migration::for_each(ItemCallback callback) {
    ForEach definition;
    definition.callback = std::move(callback);
    return for_each(std::move(definition));
}

Migration& Migration::for_each(ForEach definition) {
    if (definition.table.empty()) {
        definition.table = table_;
    }
    return step(make_for_each(std::move(definition)));
}

Migration& Migration::code(std::string name, CodeFunction code, CodeFunction inverse) {
    CodeStep definition;
    definition.name = std::move(name);
    definition.table = table_;
    definition.code = std::move(code);
    definition.inverse = std::move(inverse);
    return step(make_code(std::move(definition)));
}

std::string Migration::checksum() const {
    return checksum_.empty() ? base::sha256_hex(describe(*this)) : checksum_;
}

}  // namespace dynamigrate::migrate
