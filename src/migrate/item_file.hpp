#pragma once

#include <dynamigrate/migrate/item_file.hpp>
