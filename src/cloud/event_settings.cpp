#include <dynamigrate/cloud/event_settings.hpp>

namespace dynamigrate::cloud {

base::Environment with_settings(const base::Environment& environment, const json::Value& event) {
    auto variables = environment.variables();
    if (const json::Value* settings = event.find("environment")) {
        for (const json::Value::Member& setting : settings->members()) {
            if (setting.key.starts_with("DYNAMIGRATE_") && setting.value.is_string()) {
                variables[setting.key] = setting.value.text();
            }
        }
    }
    return base::Environment(std::move(variables));
}

}  // namespace dynamigrate::cloud
