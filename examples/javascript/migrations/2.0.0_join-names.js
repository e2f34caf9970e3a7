import { fullName } from './names.js'

export default {
    description: 'Join names',
    where: { expression: 'attribute_exists(#last)', names: { '#last': 'last' } },
    transform(item) {
        item.name = fullName(item.first, item.last)
        delete item.first
        delete item.last
        return item
    },
}
