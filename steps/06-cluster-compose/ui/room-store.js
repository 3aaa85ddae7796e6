// The rooms this user joined, remembered in the browser with how far each was read.
import { Room } from './room.js';

export class RoomStore {
  #rooms = new Map();

  constructor(user, storage) {
    this.key = `chat/${user}/rooms`;
    this.storage = storage;
    const saved = storage.getItem(this.key);
    for (const [name, read] of JSON.parse(saved ?? '[["lobby",null]]')) {
      this.#rooms.set(name, new Room(name, read));
    }
  }

  get(name) {
    return this.#rooms.get(name);
  }

  all() {
    return [...this.#rooms.values()];
  }

  get unread() {
    return this.all().reduce((sum, room) => sum + room.unread, 0);
  }

  add(name) {
    this.#rooms.set(name, new Room(name));
    this.save();
  }

  remove(name) {
    this.#rooms.delete(name);
    this.save();
  }

  save() {
    this.storage.setItem(
      this.key,
      JSON.stringify(this.all().map(({ name, read }) => [name, read])),
    );
  }
}
